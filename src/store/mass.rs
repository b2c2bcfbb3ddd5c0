//! One act on many people: statements over the tokens, approvals, codes and switches of a list of
//! them, so that no statement is for one person. Whoever calls holds `db::lock::users`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{authorization_codes as codes, consents, roles, users};
use crate::db::written::Written;
use crate::domain::access::{ADMINISTRATOR, UserStatus};
use crate::domain::grant::EndReason;
use crate::ids::UserId;
use crate::store::blocked;
use crate::store::grid::{GridFilter, conditions, matching};

/// The ids of everybody whom the filter shows, in their order.
pub fn chosen(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<Vec<UserId>> {
    matching(conn, filter, now)?.sql(" ORDER BY 1").users(conn)
}

/// How many of them have access enabled.
pub fn count_enabled(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<i64> {
    let enabled = Written::new("users.mcp_enabled = TRUE");
    let conditions = conditions(conn, filter, now)?.into_iter().chain([enabled]);
    Written::new("SELECT count(*) FROM users").all_of(conditions).count(conn)
}

/// How many of their tokens have not ended.
pub fn count_live(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<i64> {
    let people = Written::new(" IN (").then(matching(conn, filter, now)?).sql(")");
    let work = working(conn, people, now);
    Written::new("SELECT count(*) FROM tokens").then(work).count(conn)
}

/// How many of these are of blocked clients, and do not work.
pub fn count_blocked(conn: &mut Conn, filter: &GridFilter, now: Timestamp) -> QueryResult<i64> {
    if !blocked::any(conn)? {
        return Ok(0);
    }
    let people = matching(conn, filter, now)?;
    blocked::count_tokens_of(conn, people, now)
}

/// What somebody has that revoking would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Tokens that have not ended.
    Tokens,
    /// No such token, and an approval that stands.
    ApprovalsOnly,
    /// Neither.
    Nothing,
}

impl Holding {
    /// The condition that it is so with a row of `users`.
    fn condition(self, conn: &Conn, now: Timestamp) -> Written {
        let tokens = |not: &'static str| {
            Written::new(not)
                .sql("EXISTS (SELECT 1 FROM tokens WHERE tokens.user_id = users.id AND tokens.state = 'active' AND ")
                .then(Written::on_sqlite(conn, "+"))
                .sql("tokens.expires_at > ")
                .number(now.0)
                .sql(")")
        };
        let approvals = |not: &'static str| {
            Written::new(not).sql(
                "EXISTS (SELECT 1 FROM consents WHERE consents.user_id = users.id AND consents.revoked_at IS NULL)",
            )
        };
        match self {
            Self::Tokens => tokens(""),
            Self::ApprovalsOnly => tokens("NOT ").sql(" AND ").then(approvals("")),
            Self::Nothing => tokens("NOT ").sql(" AND ").then(approvals("NOT ")),
        }
    }
}

/// How many of those whom the filter shows have that, and the names of the first by id.
pub fn holding(
    conn: &mut Conn,
    filter: &GridFilter,
    what: Holding,
    limit: i64,
    now: Timestamp,
) -> QueryResult<(i64, Vec<String>)> {
    let has = what.condition(conn, now);
    let count = Written::new("SELECT count(*) FROM users")
        .all_of(conditions(conn, filter, now)?.into_iter().chain([has]))
        .count(conn)?;
    let has = what.condition(conn, now);
    let names = Written::new("SELECT users.name, users.email FROM users")
        .all_of(conditions(conn, filter, now)?.into_iter().chain([has]))
        .sql(" ORDER BY users.id LIMIT ")
        .number(limit)
        .pairs(conn)?;
    Ok((count, names.into_iter().map(|(name, _)| name).collect()))
}

/// The names of these people, by id; not of those who were deleted.
pub fn names(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<String>> {
    users::table
        .filter(users::id.eq_any(ids))
        .filter(users::deleted_at.is_null())
        .order(users::id.asc())
        .select(users::name)
        .load(conn)
}

/// The tokens that have not ended, of whom `are_theirs` holds. SQLite would look through all tokens
/// that do.
fn working(conn: &Conn, are_theirs: Written, now: Timestamp) -> Written {
    Written::new(" WHERE state = 'active' AND ")
        .then(Written::on_sqlite(conn, "+"))
        .sql("expires_at > ")
        .number(now.0)
        .sql(" AND user_id")
        .then(are_theirs)
}

fn among(ids: &[UserId]) -> Written {
    Written::default().one_of(ids.iter().map(|id| id.0))
}

/// Names and addresses of the first of them by id, at most `limit`.
pub fn sample(
    conn: &mut Conn,
    filter: &GridFilter,
    limit: i64,
    now: Timestamp,
) -> QueryResult<Vec<(String, String)>> {
    let conditions = conditions(conn, filter, now)?;
    Written::new("SELECT users.name, users.email FROM users")
        .all_of(conditions)
        .sql(" ORDER BY users.id LIMIT ")
        .number(limit)
        .pairs(conn)
}

/// Active administrators with access, the longest-serving first.
pub fn administrators(conn: &mut Conn) -> QueryResult<Vec<(UserId, String)>> {
    users::table
        .inner_join(roles::table)
        .filter(roles::name.eq(ADMINISTRATOR.name))
        .filter(users::status.eq(UserStatus::Active.as_str()))
        .filter(users::invited_at.is_null())
        .filter(users::mcp_enabled.eq(true))
        .order(users::id.asc())
        .select((users::id, users::name))
        .load(conn)
}

/// Id, address and access of these people.
pub fn people(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<(UserId, String, bool)>> {
    users::table
        .filter(users::id.eq_any(ids))
        .order(users::id.asc())
        .select((users::id, users::email, users::mcp_enabled))
        .load(conn)
}

/// How many tokens of each of these people work.
pub fn working_of(
    conn: &mut Conn,
    ids: &[UserId],
    now: Timestamp,
) -> QueryResult<Vec<(UserId, i64)>> {
    let work = working(conn, among(ids), now);
    Written::new("SELECT user_id, count(*) FROM tokens")
        .then(work)
        .sql(" GROUP BY user_id")
        .counts(conn)
}

/// Who of them has a live approval.
pub fn approving(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<UserId>> {
    consents::table
        .filter(consents::user_id.eq_any(ids))
        .filter(consents::revoked_at.is_null())
        .select(consents::user_id)
        .distinct()
        .load(conn)
}

/// Revokes their working tokens.
pub fn revoke_tokens(
    conn: &mut Conn,
    ids: &[UserId],
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    let work = working(conn, among(ids), now);
    Written::new("UPDATE tokens SET state = 'revoked', ended_at = ")
        .number(now.0)
        .sql(", end_reason = ")
        .bound(reason.as_str())
        .then(work)
        .run(conn)
}

/// Moves `each` tokens of every one of them from active to ended.
pub fn count_ended(conn: &mut Conn, ids: &[UserId], each: i64) -> QueryResult<usize> {
    diesel::update(users::table.filter(users::id.eq_any(ids)))
        .set((
            users::active_tokens.eq(users::active_tokens - each),
            users::ended_tokens.eq(users::ended_tokens + each),
        ))
        .execute(conn)
}

/// Ends their live approvals.
pub fn revoke_consents(conn: &mut Conn, ids: &[UserId], now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        consents::table
            .filter(consents::user_id.eq_any(ids))
            .filter(consents::revoked_at.is_null()),
    )
    .set(consents::revoked_at.eq(now))
    .execute(conn)
}

/// Uses up their waiting codes.
pub fn burn_codes(conn: &mut Conn, ids: &[UserId], now: Timestamp) -> QueryResult<usize> {
    diesel::update(codes::table.filter(codes::user_id.eq_any(ids)).filter(codes::used_at.is_null()))
        .set(codes::used_at.eq(now))
        .execute(conn)
}

/// Turns their access on or off.
pub fn set_enabled(conn: &mut Conn, ids: &[UserId], enabled: bool) -> QueryResult<usize> {
    diesel::update(users::table.filter(users::id.eq_any(ids)))
        .set(users::mcp_enabled.eq(enabled))
        .execute(conn)
}

/// Notes when their access was first enabled, of whom it was not before.
pub fn set_added(conn: &mut Conn, ids: &[UserId], now: Timestamp) -> QueryResult<usize> {
    diesel::update(users::table.filter(users::id.eq_any(ids)).filter(users::mcp_added_at.is_null()))
        .set(users::mcp_added_at.eq(now))
        .execute(conn)
}
