//! One-time links. Table: `one_time_links`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::one_time_links;
pub use crate::db::upsert::add_link as insert_once;
use crate::ids::UserId;
use crate::secrets::HashedSecret;

/// Adds a link for `purpose`.
pub fn insert(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::secret_hash.eq(secret),
            one_time_links::purpose.eq(purpose),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// Adds a link for `purpose` of a person; with nobody it is a link that opens nothing.
pub fn insert_for(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    user: Option<UserId>,
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::secret_hash.eq(secret),
            one_time_links::purpose.eq(purpose),
            one_time_links::user_id.eq(user),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// Adds a link for `purpose` of a person that is about something: a new address.
pub fn insert_about(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    (user, about): (UserId, &str),
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::secret_hash.eq(secret),
            one_time_links::purpose.eq(purpose),
            one_time_links::user_id.eq(user),
            one_time_links::about.eq(about),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(expires_at),
        ))
        .execute(conn)
}

/// Whose link it is and what it is about, if it would work now.
pub fn about(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    now: Timestamp,
) -> QueryResult<Option<(UserId, String)>> {
    one_time_links::table
        .filter(one_time_links::secret_hash.eq(secret))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(now))
        .filter(one_time_links::user_id.is_not_null())
        .filter(one_time_links::about.is_not_null())
        .select((
            one_time_links::user_id.assume_not_null(),
            one_time_links::about.assume_not_null(),
        ))
        .get_result(conn)
        .optional()
}

/// Whose link it is, if it would work now.
pub fn owner(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    now: Timestamp,
) -> QueryResult<Option<UserId>> {
    one_time_links::table
        .filter(one_time_links::secret_hash.eq(secret))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(now))
        .select(one_time_links::user_id.assume_not_null())
        .filter(one_time_links::user_id.is_not_null())
        .get_result(conn)
        .optional()
}

/// Until when the last link of a person for `purpose` works.
pub fn expiry_of(conn: &mut Conn, user: UserId, purpose: &str) -> QueryResult<Option<Timestamp>> {
    one_time_links::table
        .filter(one_time_links::user_id.eq(user))
        .filter(one_time_links::purpose.eq(purpose))
        .select(diesel::dsl::max(one_time_links::expires_at))
        .get_result(conn)
}

/// Removes the links of a person for `purpose`.
pub fn delete_of(conn: &mut Conn, user: UserId, purpose: &str) -> QueryResult<usize> {
    diesel::delete(
        one_time_links::table
            .filter(one_time_links::user_id.eq(user))
            .filter(one_time_links::purpose.eq(purpose)),
    )
    .execute(conn)
}

/// Removes all links of a person.
pub fn delete_of_user(conn: &mut Conn, user: UserId) -> QueryResult<usize> {
    diesel::delete(one_time_links::table.filter(one_time_links::user_id.eq(user))).execute(conn)
}

/// Removes all links that are some person's.
pub fn delete_of_people(conn: &mut Conn) -> QueryResult<usize> {
    diesel::delete(one_time_links::table.filter(one_time_links::user_id.is_not_null()))
        .execute(conn)
}

/// Whether the link would work now.
pub fn is_live(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    now: Timestamp,
) -> QueryResult<bool> {
    let found: i64 = one_time_links::table
        .filter(one_time_links::secret_hash.eq(secret))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(now))
        .count()
        .get_result(conn)?;
    Ok(found > 0)
}

/// Whether this secret was kept before, whatever for and however old.
pub fn is_known(conn: &mut Conn, secret: &HashedSecret) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(one_time_links::table.find(secret))).get_result(conn)
}

/// Removes links whose time has passed.
pub fn purge(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(one_time_links::table.filter(one_time_links::expires_at.le(now))).execute(conn)
}

/// Uses the link up; 0 rows if it was used, unknown or too old.
pub fn consume(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::delete(
        one_time_links::table
            .filter(one_time_links::secret_hash.eq(secret))
            .filter(one_time_links::purpose.eq(purpose))
            .filter(one_time_links::expires_at.gt(now)),
    )
    .execute(conn)
}

/// Removes all links for `purpose`.
pub fn delete_of_purpose(conn: &mut Conn, purpose: &str) -> QueryResult<usize> {
    diesel::delete(one_time_links::table.filter(one_time_links::purpose.eq(purpose))).execute(conn)
}
