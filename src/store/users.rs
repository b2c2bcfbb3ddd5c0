//! People. Table: `users`, with the counters that the grid sorts by.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{roles, users};
use crate::db::statement::statement;
use crate::db::written::Written;
use crate::domain::access::{ADMINISTRATOR, Standing, UserStatus};
use crate::ids::{AccountId, RoleId, UserId};
use crate::secrets::sha256_base64url;

/// A user with their role.
#[derive(Debug, Clone, Queryable)]
pub struct UserRow {
    /// Row id.
    pub id: UserId,
    /// The `sub` of tokens.
    pub subject: String,
    /// Their account.
    pub account_id: AccountId,
    /// E-mail address, lower case.
    pub email: String,
    /// Full name.
    pub name: String,
    /// Argon2id hash in PHC form; none until a password is set.
    pub password_hash: Option<String>,
    /// `active` or `suspended`.
    pub status: String,
    /// Whether their clients may call.
    pub mcp_enabled: bool,
    /// When access was first enabled.
    pub mcp_added_at: Option<Timestamp>,
    /// Last tool call.
    pub last_tool_at: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// Role's name.
    pub role: String,
    /// Role's permissions, a JSON array.
    pub permissions: String,
    /// Role's row id.
    pub role_id: RoleId,
    /// When the user was invited, until they have chosen a password.
    pub invited_at: Option<Timestamp>,
    /// Since when signing in needs a code, if it does.
    pub two_factor_at: Option<Timestamp>,
    /// The zone in which they read times; UTC if none.
    pub time_zone: Option<String>,
}

impl UserRow {
    /// Their status.
    pub fn status(&self) -> UserStatus {
        UserStatus::from_stored(&self.status)
    }

    /// Changes with every password that is set, and tells nothing of it.
    pub fn password_mark(&self) -> String {
        let hash = self.password_hash.as_deref().unwrap_or_default();
        sha256_base64url(hash.as_bytes()).chars().take(22).collect()
    }

    /// How they stand.
    pub fn standing(&self) -> Standing {
        Standing::of(&self.status, self.invited_at.is_some())
    }
}

type Columns = (
    users::id,
    users::subject,
    users::account_id,
    users::email,
    users::name,
    users::password_hash,
    users::status,
    users::mcp_enabled,
    users::mcp_added_at,
    users::last_tool_at,
    users::created_at,
    roles::name,
    roles::permissions,
    users::role_id,
    users::invited_at,
    users::two_factor_at,
    users::time_zone,
);

const COLUMNS: Columns = (
    users::id,
    users::subject,
    users::account_id,
    users::email,
    users::name,
    users::password_hash,
    users::status,
    users::mcp_enabled,
    users::mcp_added_at,
    users::last_tool_at,
    users::created_at,
    roles::name,
    roles::permissions,
    users::role_id,
    users::invited_at,
    users::two_factor_at,
    users::time_zone,
);

/// The user with that id, unless they were deleted.
pub fn by_id(conn: &mut Conn, id: UserId) -> QueryResult<Option<UserRow>> {
    users::table
        .inner_join(roles::table)
        .filter(users::id.eq(id))
        .filter(users::deleted_at.is_null())
        .select(COLUMNS)
        .get_result(conn)
        .optional()
}

/// The user with that address (in its one spelling).
pub fn by_email(conn: &mut Conn, email: &str) -> QueryResult<Option<UserRow>> {
    users::table
        .inner_join(roles::table)
        .filter(users::email.eq(email))
        .select(COLUMNS)
        .get_result(conn)
        .optional()
}

/// Users by id, `limit` of them after `after`: for listings that walk.
pub fn page(conn: &mut Conn, after: UserId, limit: i64) -> QueryResult<Vec<UserRow>> {
    users::table
        .inner_join(roles::table)
        .filter(users::id.gt(after))
        .filter(users::deleted_at.is_null())
        .order(users::id.asc())
        .limit(limit)
        .select(COLUMNS)
        .load(conn)
}

/// Names and addresses of active users with the role of that name, the longest-serving first.
pub fn active_with_role(
    conn: &mut Conn,
    role: &str,
    limit: i64,
) -> QueryResult<Vec<(String, String)>> {
    users::table
        .inner_join(roles::table)
        .filter(roles::name.eq(role))
        .filter(users::status.eq(UserStatus::Active.as_str()))
        .filter(users::invited_at.is_null())
        .order(users::id.asc())
        .limit(limit)
        .select((users::name, users::email))
        .load(conn)
}

/// A user to be added.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The `sub` of tokens.
    pub subject: &'a str,
    /// Their account.
    pub account: AccountId,
    /// Their role.
    pub role: RoleId,
    /// Address in its one spelling.
    pub email: &'a str,
    /// Full name.
    pub name: &'a str,
    /// Argon2id hash in PHC form.
    pub password_hash: Option<&'a str>,
    /// Whether their clients may call.
    pub mcp_enabled: bool,
    /// Whether they still have to choose a password.
    pub is_invited: bool,
    /// Now.
    pub now: Timestamp,
}

/// Adds a user.
pub fn insert(conn: &mut Conn, user: &NewUser<'_>) -> QueryResult<UserId> {
    diesel::insert_into(users::table)
        .values((
            users::subject.eq(user.subject),
            users::account_id.eq(user.account),
            users::role_id.eq(user.role),
            users::email.eq(user.email),
            users::name.eq(user.name),
            users::password_hash.eq(user.password_hash),
            users::status.eq(UserStatus::Active.as_str()),
            users::mcp_enabled.eq(user.mcp_enabled),
            users::mcp_added_at.eq(user.mcp_enabled.then_some(user.now)),
            users::created_at.eq(user.now),
            users::invited_at.eq(user.is_invited.then_some(user.now)),
        ))
        .returning(users::id)
        .get_result(conn)
}

/// Whether there is any user: decides whether `/setup` is open.
pub fn any(conn: &mut Conn) -> QueryResult<bool> {
    let first: Option<UserId> = users::table.select(users::id).first(conn).optional()?;
    Ok(first.is_some())
}

/// Sets the password's hash; who has a password is no longer only invited.
pub fn set_password(conn: &mut Conn, id: UserId, hash: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::password_hash.eq(hash), users::invited_at.eq(None::<Timestamp>)))
        .execute(conn)
}

/// Notes that signing in needs a code; 0 rows if it did already.
pub fn begin_two_factor(conn: &mut Conn, id: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::two_factor_at.is_null()))
        .set(users::two_factor_at.eq(now))
        .execute(conn)
}

/// Notes that signing in needs no code; 0 rows if it needed none.
pub fn end_two_factor(conn: &mut Conn, id: UserId) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::two_factor_at.is_not_null()))
        .set(users::two_factor_at.eq(None::<Timestamp>))
        .execute(conn)
}

/// Sets name and time zone.
pub fn set_profile(
    conn: &mut Conn,
    id: UserId,
    name: &str,
    time_zone: Option<&str>,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::name.eq(name), users::time_zone.eq(time_zone)))
        .execute(conn)
}

/// Sets name and address.
pub fn set_details(conn: &mut Conn, id: UserId, name: &str, email: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::name.eq(name), users::email.eq(email)))
        .execute(conn)
}

/// Sets role and account.
pub fn set_place(
    conn: &mut Conn,
    id: UserId,
    role: RoleId,
    account: AccountId,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((users::role_id.eq(role), users::account_id.eq(account)))
        .execute(conn)
}

/// Sets the status; 0 rows if it was so already.
pub fn set_status(conn: &mut Conn, id: UserId, status: UserStatus) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::status.ne(status.as_str())))
        .set(users::status.eq(status.as_str()))
        .execute(conn)
}

/// Notes when somebody who has no password yet was invited again.
pub fn set_invited(conn: &mut Conn, id: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::invited_at.is_not_null()))
        .set(users::invited_at.eq(now))
        .execute(conn)
}

/// Takes everything away that a deleted user could come back with. The row stays, with the name,
/// because the logs speak of it; the address is free for somebody else.
pub fn mark_deleted(conn: &mut Conn, id: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::deleted_at.is_null()))
        .set((
            users::deleted_at.eq(now),
            users::status.eq(UserStatus::Suspended.as_str()),
            users::mcp_enabled.eq(false),
            // Nothing that could be an address, so that it is in nobody's way.
            users::email.eq(format!("deleted user #{id}")),
            users::password_hash.eq(None::<String>),
            users::two_factor_at.eq(None::<Timestamp>),
            users::invited_at.eq(None::<Timestamp>),
        ))
        .execute(conn)
}

/// How many active administrators there are besides `user`. Somebody who is only invited is none.
pub fn other_administrators(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    users::table
        .inner_join(roles::table)
        .filter(roles::name.eq(ADMINISTRATOR.name))
        .filter(users::status.eq(UserStatus::Active.as_str()))
        .filter(users::invited_at.is_null())
        .filter(users::id.ne(user))
        .count()
        .get_result(conn)
}

/// Turns MCP access on or off; 0 rows if it was so already.
pub fn set_mcp_enabled(conn: &mut Conn, id: UserId, enabled: bool) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::mcp_enabled.ne(enabled)))
        .set(users::mcp_enabled.eq(enabled))
        .execute(conn)
}

/// Notes when access was first enabled.
pub fn set_mcp_added(conn: &mut Conn, id: UserId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(users::table.find(id).filter(users::mcp_added_at.is_null()))
        .set(users::mcp_added_at.eq(now))
        .execute(conn)
}

/// Counts one more active token.
pub fn count_new_token(conn: &mut Conn, id: UserId) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set(users::active_tokens.eq(users::active_tokens + 1))
        .execute(conn)
}

/// Moves `tokens` of a user from active to ended.
pub fn count_ended_tokens(conn: &mut Conn, id: UserId, tokens: i64) -> QueryResult<usize> {
    diesel::update(users::table.find(id))
        .set((
            users::active_tokens.eq(users::active_tokens - tokens),
            users::ended_tokens.eq(users::ended_tokens + tokens),
        ))
        .execute(conn)
}

statement! {
    /// Notes a call, unless a later one was noted before.
    Touch {
        "UPDATE users SET last_tool_at = " at: Timestamp = BigInt,
        " WHERE id = " id: UserId = BigInt,
        " AND (last_tool_at IS NULL OR last_tool_at < " before: Timestamp = BigInt; ")"
    }
}

/// Notes that a user's client called a tool.
pub fn touch(conn: &mut Conn, id: UserId, now: Timestamp) -> QueryResult<usize> {
    Touch { at: now, id, before: now }.run(conn)
}

/// How many people have tokens in other states than is noted with them.
pub fn miscounted(conn: &mut Conn) -> QueryResult<i64> {
    Written::new(
        "SELECT count(*) FROM users LEFT JOIN (SELECT user_id, \
         sum(CASE state WHEN 'active' THEN 1 ELSE 0 END) AS active, \
         sum(CASE state WHEN 'active' THEN 0 ELSE 1 END) AS ended, \
         sum(CASE state WHEN 'expired' THEN 1 ELSE 0 END) AS expired \
         FROM tokens GROUP BY user_id) AS counted ON counted.user_id = users.id \
         WHERE users.active_tokens <> coalesce(counted.active, 0) \
         OR users.ended_tokens <> coalesce(counted.ended, 0) \
         OR users.expired_tokens <> coalesce(counted.expired, 0)",
    )
    .count(conn)
}
