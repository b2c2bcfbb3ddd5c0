//! Authorization requests between `/oauth/authorize` and the decision. Table:
//! `authorization_requests`. Single use: a decision is one conditional update.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{authorization_requests as requests, clients};
use crate::ids::{ClientRowId, UserId};
use crate::secrets::HashedSecret;
use crate::store::clients::ClientRow;

/// Adds a request; `user` and `session` are set once somebody is signed in.
pub fn insert(
    conn: &mut Conn,
    handle: &HashedSecret,
    client: ClientRowId,
    parameters: &str,
    bound_to: Option<(UserId, &HashedSecret)>,
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(requests::table)
        .values((
            requests::handle_hash.eq(handle),
            requests::client_id.eq(client),
            requests::parameters.eq(parameters),
            requests::user_id.eq(bound_to.map(|(user, _)| user)),
            requests::session_hash.eq(bound_to.map(|(_, session)| session)),
            requests::created_at.eq(now),
            requests::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// A request that waits for somebody to sign in, and its client.
pub fn unbound(
    conn: &mut Conn,
    handle: &HashedSecret,
    now: Timestamp,
) -> QueryResult<Option<(String, ClientRow)>> {
    requests::table
        .inner_join(clients::table)
        .filter(requests::handle_hash.eq(handle))
        .filter(requests::user_id.is_null())
        .filter(requests::expires_at.gt(now))
        .select((requests::parameters, ClientRow::as_select()))
        .get_result(conn)
        .optional()
}

/// A request that was shown to `user` in `session` and is still to be decided, and its client.
pub fn undecided(
    conn: &mut Conn,
    handle: &HashedSecret,
    user: UserId,
    session: &HashedSecret,
    now: Timestamp,
) -> QueryResult<Option<(String, ClientRow)>> {
    requests::table
        .inner_join(clients::table)
        .filter(requests::handle_hash.eq(handle))
        .filter(requests::user_id.eq(user))
        .filter(requests::session_hash.eq(session))
        .filter(requests::decided_at.is_null())
        .filter(requests::expires_at.gt(now))
        .select((requests::parameters, ClientRow::as_select()))
        .get_result(conn)
        .optional()
}

/// Decides the request that was shown to `user` in `session`; none if it was decided, is too old
/// or was never theirs. One statement, so a double click decides once.
pub fn decide(
    conn: &mut Conn,
    handle: &HashedSecret,
    user: UserId,
    session: &HashedSecret,
    now: Timestamp,
) -> QueryResult<Option<(ClientRowId, String)>> {
    diesel::update(
        requests::table
            .filter(requests::handle_hash.eq(handle))
            .filter(requests::user_id.eq(user))
            .filter(requests::session_hash.eq(session))
            .filter(requests::decided_at.is_null())
            .filter(requests::expires_at.gt(now)),
    )
    .set(requests::decided_at.eq(now))
    .returning((requests::client_id, requests::parameters))
    .get_result(conn)
    .optional()
}

/// Removes what has expired.
pub fn purge(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(requests::table.filter(requests::expires_at.le(now))).execute(conn)
}
