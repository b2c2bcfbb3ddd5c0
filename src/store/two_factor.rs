//! What a second factor is checked against. Tables: `two_factor_secrets`, `recovery_codes`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{recovery_codes, two_factor_secrets};
use crate::ids::UserId;
use crate::secrets::HashedSecret;

/// A person's secret, as it was sealed.
pub fn sealed(conn: &mut Conn, user: UserId) -> QueryResult<Option<String>> {
    two_factor_secrets::table
        .find(user)
        .select(two_factor_secrets::sealed)
        .get_result(conn)
        .optional()
}

/// Keeps a person's secret, with the step whose code has just been used.
pub fn insert(conn: &mut Conn, user: UserId, sealed: &str, step: i64) -> QueryResult<usize> {
    diesel::insert_into(two_factor_secrets::table)
        .values((
            two_factor_secrets::user_id.eq(user),
            two_factor_secrets::sealed.eq(sealed),
            two_factor_secrets::last_step.eq(step),
        ))
        .execute(conn)
}

/// Uses the code of a step up; 0 rows if it, or a later one, was used before.
pub fn use_step(conn: &mut Conn, user: UserId, step: i64) -> QueryResult<usize> {
    diesel::update(
        two_factor_secrets::table.find(user).filter(two_factor_secrets::last_step.lt(step)),
    )
    .set(two_factor_secrets::last_step.eq(step))
    .execute(conn)
}

/// Forgets a person's secret.
pub fn delete(conn: &mut Conn, user: UserId) -> QueryResult<usize> {
    diesel::delete(two_factor_secrets::table.find(user)).execute(conn)
}

/// Keeps a recovery code.
pub fn insert_code(conn: &mut Conn, user: UserId, hash: &HashedSecret) -> QueryResult<usize> {
    diesel::insert_into(recovery_codes::table)
        .values((recovery_codes::user_id.eq(user), recovery_codes::code_hash.eq(hash)))
        .execute(conn)
}

/// Uses a recovery code up; 0 rows if it is none, or was used before.
pub fn use_code(conn: &mut Conn, user: UserId, hash: &HashedSecret) -> QueryResult<usize> {
    diesel::delete(
        recovery_codes::table
            .filter(recovery_codes::user_id.eq(user))
            .filter(recovery_codes::code_hash.eq(hash)),
    )
    .execute(conn)
}

/// How many recovery codes a person has left.
pub fn codes_left(conn: &mut Conn, user: UserId) -> QueryResult<i64> {
    recovery_codes::table.filter(recovery_codes::user_id.eq(user)).count().get_result(conn)
}

/// Forgets a person's recovery codes.
pub fn delete_codes(conn: &mut Conn, user: UserId) -> QueryResult<usize> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(conn)
}
