//! Ending everything of everybody, each step one statement, in a transaction that holds
//! `lock::all_users`. Tables: `tokens`, `users`, `consents`, `authorization_codes`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{authorization_codes as codes, consents, tokens, users};
use crate::domain::grant::EndReason;

/// Marks every token whose time has passed as expired.
pub fn expire_tokens(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        tokens::table.filter(tokens::state.eq("active")).filter(tokens::expires_at.le(now)),
    )
    .set((
        tokens::state.eq("expired"),
        tokens::ended_at.eq(tokens::expires_at.nullable()),
        tokens::end_reason.eq(EndReason::Expired.as_str()),
    ))
    .execute(conn)
}

/// Revokes every token that is left active.
pub fn revoke_tokens(conn: &mut Conn, reason: EndReason, now: Timestamp) -> QueryResult<usize> {
    diesel::update(tokens::table.filter(tokens::state.eq("active")))
        .set((
            tokens::state.eq("revoked"),
            tokens::ended_at.eq(now),
            tokens::end_reason.eq(reason.as_str()),
        ))
        .execute(conn)
}

/// Moves everybody's counters: no token is active. Returns how many people had any.
pub fn count_ended_tokens(conn: &mut Conn) -> QueryResult<usize> {
    diesel::update(users::table.filter(users::active_tokens.ne(0)))
        .set((
            users::ended_tokens.eq(users::ended_tokens + users::active_tokens),
            users::active_tokens.eq(0),
        ))
        .execute(conn)
}

/// Ends every approval.
pub fn revoke_consents(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::update(consents::table.filter(consents::revoked_at.is_null()))
        .set(consents::revoked_at.eq(now))
        .execute(conn)
}

/// Uses up every waiting code.
pub fn burn_codes(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::update(codes::table.filter(codes::used_at.is_null()))
        .set(codes::used_at.eq(now))
        .execute(conn)
}
