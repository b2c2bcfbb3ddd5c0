//! Keys of the REST API. Table: `api_keys`.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{accounts, api_keys, plans, roles, users};
use crate::db::statement::{on_each, statement};
use crate::domain::grant::{EndReason, TokenStatus};
use crate::ids::{AccountId, ApiKeyId, UserId};
use crate::secrets::HashedSecret;
use crate::store::accounts::Plan;

/// A key as its owner sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct KeyRow {
    /// Row id.
    pub id: ApiKeyId,
    /// Its owner.
    pub user_id: UserId,
    /// What it is for.
    pub name: String,
    /// Its last characters.
    pub ending: String,
    /// Space-separated.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last call with it.
    pub last_used_at: Option<Timestamp>,
    /// When it ends, if it does by itself.
    pub expires_at: Option<Timestamp>,
    /// The key that it was rotated to.
    pub replaced_by: Option<ApiKeyId>,
    /// When it was revoked.
    pub ended_at: Option<Timestamp>,
}

impl KeyRow {
    /// What it is at `now`.
    pub fn status(&self, now: Timestamp) -> TokenStatus {
        status(self.ended_at, self.expires_at, now)
    }
}

fn status(
    ended_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> TokenStatus {
    match (ended_at, expires_at) {
        (Some(_), _) => TokenStatus::Revoked,
        (None, Some(end)) if now >= end => TokenStatus::Expired,
        _ => TokenStatus::Active,
    }
}

/// A key and all that decides whether it works.
#[derive(Debug, Clone, Queryable)]
pub struct HolderRow {
    /// The key.
    pub key_id: ApiKeyId,
    /// When it was revoked.
    pub ended_at: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// What it allows.
    pub scopes: String,
    /// Last call with it.
    pub last_used_at: Option<Timestamp>,
    /// The owner.
    pub user_id: UserId,
    /// The owner's status.
    pub user_status: String,
    /// When the owner was deleted.
    pub user_deleted_at: Option<Timestamp>,
    /// Tools of the role, a JSON array of names.
    pub tools: String,
    /// The account.
    pub account_id: AccountId,
    /// The account's plan.
    pub plan: Plan,
    /// The account's own switch.
    pub account_access: bool,
}

impl HolderRow {
    /// What the key is at `now`.
    pub fn status(&self, now: Timestamp) -> TokenStatus {
        status(self.ended_at, self.expires_at, now)
    }
}

/// Reads the key with that secret and all it stands on: the one query of a REST call's checks.
pub fn holder(conn: &mut Conn, secret: &HashedSecret) -> QueryResult<Option<HolderRow>> {
    on_each!(conn, |conn| api_keys::table
        .inner_join(
            users::table
                .inner_join(roles::table)
                .inner_join(accounts::table.inner_join(plans::table)),
        )
        .filter(api_keys::secret_hash.eq(secret))
        .select((
            api_keys::id,
            api_keys::ended_at,
            api_keys::expires_at,
            api_keys::scopes,
            api_keys::last_used_at,
            users::id,
            users::status,
            users::deleted_at,
            roles::tools,
            accounts::id,
            Plan::as_select(),
            accounts::api_access,
        ))
        .get_result(conn)
        .optional())
}

/// A key to be added.
#[derive(Debug, Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewKey<'a> {
    /// Its owner.
    pub user_id: UserId,
    /// What it is for.
    pub name: &'a str,
    /// Its last characters.
    pub ending: &'a str,
    /// Hash of the key.
    pub secret_hash: HashedSecret,
    /// Space-separated.
    pub scopes: &'a str,
    /// Now.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Adds a key.
pub fn insert(conn: &mut Conn, key: &NewKey<'_>) -> QueryResult<ApiKeyId> {
    diesel::insert_into(api_keys::table).values(key).returning(api_keys::id).get_result(conn)
}

/// The key with that id, if it is this person's.
pub fn of_owner(conn: &mut Conn, owner: UserId, id: ApiKeyId) -> QueryResult<Option<KeyRow>> {
    api_keys::table
        .find(id)
        .filter(api_keys::user_id.eq(owner))
        .select(KeyRow::as_select())
        .get_result(conn)
        .optional()
}

/// Keys of a person, at most `limit`: those that nobody revoked first, and the newest first.
pub fn of_user(conn: &mut Conn, user: UserId, limit: i64) -> QueryResult<Vec<KeyRow>> {
    api_keys::table
        .filter(api_keys::user_id.eq(user))
        .order((api_keys::ended_at.is_null().desc(), api_keys::id.desc()))
        .limit(limit)
        .select(KeyRow::as_select())
        .load(conn)
}

/// How many keys of a person there are, ended ones too.
pub fn count_of_user(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    api_keys::table.filter(api_keys::user_id.eq(user)).count().get_result(conn)
}

/// How many keys of a person work.
pub fn count_active(conn: &mut Conn, user: UserId, now: Timestamp) -> QueryResult<i64> {
    api_keys::table
        .filter(api_keys::user_id.eq(user))
        .filter(api_keys::ended_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .count()
        .get_result(conn)
}

/// How many keys of everybody work.
pub fn count_all_active(conn: &mut Conn, now: Timestamp) -> QueryResult<i64> {
    api_keys::table
        .filter(api_keys::ended_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .count()
        .get_result(conn)
}

/// Lets a key end at `until`, in favour of another; 0 rows if it has ended or was replaced before.
pub fn replace(
    conn: &mut Conn,
    id: ApiKeyId,
    by: ApiKeyId,
    until: Timestamp,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        api_keys::table
            .find(id)
            .filter(api_keys::ended_at.is_null())
            .filter(api_keys::replaced_by.is_null())
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now))),
    )
    .set((api_keys::replaced_by.eq(by), api_keys::expires_at.eq(until)))
    .execute(conn)
}

/// Revokes a key if it works; 0 rows otherwise.
pub fn revoke(
    conn: &mut Conn,
    id: ApiKeyId,
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        api_keys::table
            .find(id)
            .filter(api_keys::ended_at.is_null())
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now))),
    )
    .set((api_keys::ended_at.eq(now), api_keys::end_reason.eq(reason.as_str())))
    .execute(conn)
}

/// Revokes every key of a person that works.
pub fn revoke_of_user(
    conn: &mut Conn,
    user: UserId,
    reason: EndReason,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(
        api_keys::table
            .filter(api_keys::user_id.eq(user))
            .filter(api_keys::ended_at.is_null())
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now))),
    )
    .set((api_keys::ended_at.eq(now), api_keys::end_reason.eq(reason.as_str())))
    .execute(conn)
}

/// Revokes every key of everybody that works.
pub fn revoke_all(conn: &mut Conn, reason: EndReason, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        api_keys::table
            .filter(api_keys::ended_at.is_null())
            .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now))),
    )
    .set((api_keys::ended_at.eq(now), api_keys::end_reason.eq(reason.as_str())))
    .execute(conn)
}

statement! {
    /// Notes a use, unless a later one was noted before.
    Touch {
        "UPDATE api_keys SET last_used_at = " at: Timestamp = BigInt,
        " WHERE id = " id: ApiKeyId = BigInt,
        " AND (last_used_at IS NULL OR last_used_at < " before: Timestamp = BigInt; ")"
    }
}

/// Notes that a key was used for a call.
pub fn touch(conn: &mut Conn, id: ApiKeyId, now: Timestamp) -> QueryResult<usize> {
    Touch { at: now, id, before: now }.run(conn)
}
