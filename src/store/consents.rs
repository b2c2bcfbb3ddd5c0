//! Connections: who approved which client for what. Table: `consents`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{consents, tokens};
use crate::ids::{ClientRowId, ConsentId, UserId};

/// A live consent.
#[derive(Debug, Clone, Queryable)]
pub struct LiveConsent {
    /// Row id.
    pub id: ConsentId,
    /// Where the client was sent back to when it was last approved.
    pub redirect_uri: String,
    /// What it covers.
    pub scopes: String,
}

/// The live consent of a user for a client.
pub fn live(
    conn: &mut Conn,
    user: UserId,
    client: ClientRowId,
) -> QueryResult<Option<LiveConsent>> {
    consents::table
        .filter(consents::user_id.eq(user))
        .filter(consents::client_id.eq(client))
        .filter(consents::revoked_at.is_null())
        .select((consents::id, consents::redirect_uri, consents::scopes))
        .get_result(conn)
        .optional()
}

/// What a consent covers, while it is live.
pub fn live_scopes(conn: &mut Conn, id: ConsentId) -> QueryResult<Option<String>> {
    consents::table
        .filter(consents::id.eq(id))
        .filter(consents::revoked_at.is_null())
        .select(consents::scopes)
        .get_result(conn)
        .optional()
}

/// Adds a consent.
pub fn insert(
    conn: &mut Conn,
    user: UserId,
    client: ClientRowId,
    redirect_uri: &str,
    scopes: &str,
    now: Timestamp,
) -> QueryResult<ConsentId> {
    diesel::insert_into(consents::table)
        .values((
            consents::user_id.eq(user),
            consents::client_id.eq(client),
            consents::redirect_uri.eq(redirect_uri),
            consents::scopes.eq(scopes),
            consents::created_at.eq(now),
            consents::updated_at.eq(now),
        ))
        .returning(consents::id)
        .get_result(conn)
}

/// Replaces what a live consent covers.
pub fn update(
    conn: &mut Conn,
    id: ConsentId,
    redirect_uri: &str,
    scopes: &str,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(consents::table.find(id).filter(consents::revoked_at.is_null()))
        .set((
            consents::redirect_uri.eq(redirect_uri),
            consents::scopes.eq(scopes),
            consents::updated_at.eq(now),
        ))
        .execute(conn)
}

/// Gives a live consent its owner's name for it, and what it covers; 0 rows if it has ended.
pub fn change(
    conn: &mut Conn,
    id: ConsentId,
    label: &str,
    scopes: &str,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(consents::table.find(id).filter(consents::revoked_at.is_null()))
        .set((consents::label.eq(label), consents::scopes.eq(scopes), consents::updated_at.eq(now)))
        .execute(conn)
}

/// Ends all live consents of a user.
pub fn revoke_of_user(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        consents::table.filter(consents::user_id.eq(user)).filter(consents::revoked_at.is_null()),
    )
    .set(consents::revoked_at.eq(now))
    .execute(conn)
}

/// Ends a consent; 0 rows if it had ended.
pub fn revoke(conn: &mut Conn, id: ConsentId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(consents::table.find(id).filter(consents::revoked_at.is_null()))
        .set(consents::revoked_at.eq(now))
        .execute(conn)
}

/// Ends a consent if no active token is left under it: the approval goes with its last token.
pub fn revoke_if_unused(conn: &mut Conn, id: ConsentId, now: Timestamp) -> QueryResult<usize> {
    let used = tokens::table
        .filter(tokens::consent_id.eq(id))
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.gt(now))
        .select(tokens::id);
    diesel::update(
        consents::table
            .filter(consents::id.eq(id))
            .filter(consents::revoked_at.is_null())
            .filter(diesel::dsl::not(diesel::dsl::exists(used))),
    )
    .set(consents::revoked_at.eq(now))
    .execute(conn)
}
