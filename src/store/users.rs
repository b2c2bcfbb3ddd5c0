//! People. Table: `users`, with the counters that the grid sorts by.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{roles, users};
use crate::db::statement::statement;
use crate::domain::access::UserStatus;
use crate::ids::{AccountId, RoleId, UserId};

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
}

impl UserRow {
    /// Their status.
    pub fn status(&self) -> UserStatus {
        UserStatus::from_stored(&self.status)
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
);

/// The user with that id.
pub fn by_id(conn: &mut Conn, id: UserId) -> QueryResult<Option<UserRow>> {
    users::table
        .inner_join(roles::table)
        .filter(users::id.eq(id))
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
        ))
        .returning(users::id)
        .get_result(conn)
}

/// Whether there is any user: decides whether `/setup` is open.
pub fn any(conn: &mut Conn) -> QueryResult<bool> {
    let first: Option<UserId> = users::table.select(users::id).first(conn).optional()?;
    Ok(first.is_some())
}

/// Sets the password's hash.
pub fn set_password(conn: &mut Conn, id: UserId, hash: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(id)).set(users::password_hash.eq(hash)).execute(conn)
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
