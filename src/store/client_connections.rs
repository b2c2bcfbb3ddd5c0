//! The connections of clients: consents with the tokens under them, and ending them by client.
//! Tables: `consents`, `tokens`, `authorization_codes`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{authorization_codes as codes, clients, consents, tokens, users};
use crate::domain::grant::EndReason;
use crate::ids::{ClientRowId, ConsentId, UserId};
use crate::store::clients::Selection;

/// The ids of the selected clients, as a condition of a statement. One client is a range of one.
macro_rules! selected {
    ($selection:expr) => {
        clients::table
            .filter(clients::group_id.eq($selection.group))
            .filter(clients::id.between($selection.range().0, $selection.range().1))
            .select(clients::id)
    };
}

/// People with a live approval of a selected client, each once.
pub fn count_users(conn: &mut Conn, selection: Selection) -> QueryResult<i64> {
    consents::table
        .filter(consents::client_id.eq_any(selected!(selection)))
        .filter(consents::revoked_at.is_null())
        .select(diesel::dsl::count(consents::user_id).aggregate_distinct())
        .get_result(conn)
}

/// Tokens that have not ended of those selected clients that are blocked, or are not.
pub fn count_tokens(
    conn: &mut Conn,
    selection: Selection,
    is_blocked: bool,
    now: Timestamp,
) -> QueryResult<i64> {
    let of = selected!(selection).filter(clients::trust.eq("blocked").eq(is_blocked));
    tokens::table
        .filter(tokens::client_id.assume_not_null().eq_any(of))
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.gt(now))
        .count()
        .get_result(conn)
}

/// Everybody with a live approval, an active token or a waiting code of a selected client, in the
/// order of ids.
pub fn owners(conn: &mut Conn, selection: Selection) -> QueryResult<Vec<UserId>> {
    let mut owners: Vec<UserId> = consents::table
        .filter(consents::client_id.eq_any(selected!(selection)))
        .filter(consents::revoked_at.is_null())
        .select(consents::user_id)
        .load(conn)?;
    owners.extend::<Vec<UserId>>(
        tokens::table
            .filter(tokens::client_id.assume_not_null().eq_any(selected!(selection)))
            .filter(tokens::state.eq("active"))
            .select(tokens::user_id)
            .load(conn)?,
    );
    owners.extend::<Vec<UserId>>(
        codes::table
            .filter(codes::client_id.eq_any(selected!(selection)))
            .filter(codes::used_at.is_null())
            .select(codes::user_id)
            .load(conn)?,
    );
    owners.sort_unstable();
    owners.dedup();
    Ok(owners)
}

/// How many tokens of each of these people work.
pub fn working_of(
    conn: &mut Conn,
    selection: Selection,
    owners: &[UserId],
    now: Timestamp,
) -> QueryResult<Vec<(UserId, i64)>> {
    tokens::table
        .filter(tokens::user_id.eq_any(owners))
        .filter(tokens::client_id.assume_not_null().eq_any(selected!(selection)))
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.gt(now))
        .group_by(tokens::user_id)
        .order(tokens::user_id.asc())
        .select((tokens::user_id, diesel::dsl::count_star()))
        .load(conn)
}

/// Revokes the working tokens of these people.
pub fn revoke_tokens(
    conn: &mut Conn,
    selection: Selection,
    owners: &[UserId],
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        tokens::table
            .filter(tokens::user_id.eq_any(owners))
            .filter(tokens::client_id.assume_not_null().eq_any(selected!(selection)))
            .filter(tokens::state.eq("active"))
            .filter(tokens::expires_at.gt(now)),
    )
    .set((
        tokens::state.eq("revoked"),
        tokens::ended_at.eq(now),
        tokens::end_reason.eq(reason.as_str()),
    ))
    .execute(conn)
}

/// Ends the live approvals of these people.
pub fn revoke_consents(
    conn: &mut Conn,
    selection: Selection,
    owners: &[UserId],
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        consents::table
            .filter(consents::user_id.eq_any(owners))
            .filter(consents::client_id.eq_any(selected!(selection)))
            .filter(consents::revoked_at.is_null()),
    )
    .set(consents::revoked_at.eq(now))
    .execute(conn)
}

/// Uses up the waiting codes of these people.
pub fn burn_codes(
    conn: &mut Conn,
    selection: Selection,
    owners: &[UserId],
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        codes::table
            .filter(codes::user_id.eq_any(owners))
            .filter(codes::client_id.eq_any(selected!(selection)))
            .filter(codes::used_at.is_null()),
    )
    .set(codes::used_at.eq(now))
    .execute(conn)
}

/// A connection, as the client's page lists it.
#[derive(Debug, Clone)]
pub struct ConnectionRow {
    /// Whose.
    pub user_id: UserId,
    /// Full name.
    pub user_name: String,
    /// Address.
    pub user_email: String,
    /// Space-separated.
    pub scopes: String,
    /// When it was approved.
    pub created_at: Timestamp,
    /// When the approval ended.
    pub revoked_at: Option<Timestamp>,
    /// Last tool call with a token under it.
    pub last_used_at: Option<Timestamp>,
    /// Tokens under it that work.
    pub working: i64,
    /// When the last of these ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// How many connections a client has ever had.
pub fn count(conn: &mut Conn, client: ClientRowId) -> QueryResult<i64> {
    consents::table.filter(consents::client_id.eq(client)).count().get_result(conn)
}

type ConsentColumns = (ConsentId, UserId, String, String, String, Timestamp, Option<Timestamp>);

/// Connections of a client, live ones and then the newest first.
pub fn page(
    conn: &mut Conn,
    client: ClientRowId,
    limit: i64,
    offset: i64,
    now: Timestamp,
) -> QueryResult<Vec<ConnectionRow>> {
    let rows: Vec<ConsentColumns> = consents::table
        .inner_join(users::table)
        .filter(consents::client_id.eq(client))
        .order((consents::revoked_at.is_not_null().asc(), consents::id.desc()))
        .limit(limit)
        .offset(offset)
        .select((
            consents::id,
            users::id,
            users::name,
            users::email,
            consents::scopes,
            consents::created_at,
            consents::revoked_at,
        ))
        .load(conn)?;
    let ids: Vec<ConsentId> = rows.iter().map(|row| row.0).collect();
    let used = last_used(conn, &ids)?;
    let working = working_under(conn, &ids, now)?;
    Ok(rows
        .into_iter()
        .map(|(id, user_id, user_name, user_email, scopes, created_at, revoked_at)| {
            let of = |(consent, _): &&(Option<ConsentId>, _)| *consent == Some(id);
            let last_used_at = used.iter().find(of).and_then(|(_, at)| *at);
            let (working, expires_at) = working
                .iter()
                .find(|(consent, ..)| *consent == Some(id))
                .map_or((0, None), |(_, working, expires_at)| (*working, *expires_at));
            ConnectionRow {
                user_id,
                user_name,
                user_email,
                scopes,
                created_at,
                revoked_at,
                last_used_at,
                working,
                expires_at,
            }
        })
        .collect())
}

fn last_used(
    conn: &mut Conn,
    consents: &[ConsentId],
) -> QueryResult<Vec<(Option<ConsentId>, Option<Timestamp>)>> {
    tokens::table
        .filter(tokens::consent_id.eq_any(consents))
        .group_by(tokens::consent_id)
        .select((tokens::consent_id, diesel::dsl::max(tokens::last_used_at)))
        .load(conn)
}

/// Tokens of a connection that work: how many, and when the last of them ends.
type Working = (Option<ConsentId>, i64, Option<Timestamp>);

fn working_under(
    conn: &mut Conn,
    consents: &[ConsentId],
    now: Timestamp,
) -> QueryResult<Vec<Working>> {
    tokens::table
        .filter(tokens::consent_id.eq_any(consents))
        .filter(tokens::state.eq("active"))
        .filter(tokens::expires_at.gt(now))
        .group_by(tokens::consent_id)
        .select((
            tokens::consent_id,
            diesel::dsl::count_star(),
            diesel::dsl::max(tokens::expires_at),
        ))
        .load(conn)
}
