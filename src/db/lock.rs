//! Row locks. SQLite has one writer and needs none; PostgreSQL writers that take the same rows in
//! different orders would stop each other, so whoever changes what belongs to a user takes the
//! user's row first.

use diesel::prelude::*;

use super::connection::Conn;
use super::schema::{accounts, activity_fold, client_fold, roles, users};
use crate::ids::{AccountId, UserId};

/// Waits until no other transaction is changing what belongs to `user`, and keeps others out until
/// the end of this one. Read again what was read before.
pub fn user(conn: &mut Conn, user: UserId) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => users::table
            .find(user)
            .select(users::id)
            .for_no_key_update()
            .first::<UserId>(conn)
            .optional()
            .map(|_| ()),
    }
}

/// Waits until no other transaction is changing what belongs to any user, and keeps others out until
/// the end of this one. Everybody is locked in the order of ids, as others lock some.
pub fn all_users(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => users::table
            .order(users::id.asc())
            .select(users::id)
            .for_no_key_update()
            .load::<UserId>(conn)
            .map(|_| ()),
    }
}

/// The same for many people, in the order of ids, by one statement.
pub fn users(conn: &mut Conn, ids: &[UserId]) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => users::table
            .filter(users::id.eq_any(ids))
            .order(users::id.asc())
            .select(users::id)
            .for_no_key_update()
            .load::<UserId>(conn)
            .map(|_| ()),
    }
}

/// Waits until nobody else is counting calls by day.
pub fn activity(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => activity_fold::table
            .find(1)
            .select(activity_fold::id)
            .for_no_key_update()
            .first::<i64>(conn)
            .map(|_| ()),
    }
}

/// Waits until nobody else is changing many clients or groups at once: they take those rows in no
/// common order. Never taken by what changes a user's tokens.
pub fn clients(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => client_fold::table
            .find(1)
            .select(client_fold::id)
            .for_no_key_update()
            .first::<i64>(conn)
            .map(|_| ()),
    }
}

/// Waits until no other transaction is changing the credits of `account`, and keeps others out until
/// the end of this one. It is the account and not its month, so that two calls on either side of
/// midnight wait for each other too.
pub fn account(conn: &mut Conn, account: AccountId) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => accounts::table
            .find(account)
            .select(accounts::id)
            .for_no_key_update()
            .first::<AccountId>(conn)
            .optional()
            .map(|_| ()),
    }
}

/// Waits until nobody else is deciding whether somebody is left who has the role of that name, and
/// keeps others out until the end of this one: two who each take the other away would else both see
/// the other still there. Taken before any user.
pub fn holders(conn: &mut Conn, role: &str) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => roles::table
            .filter(roles::name.eq(role))
            .select(roles::id)
            .for_no_key_update()
            .first::<i64>(conn)
            .map(|_| ()),
    }
}

/// Lets the rest of this transaction wait for another's locks only so long: for a batch of many
/// users' writes, which cannot keep to one order and is tried again one by one.
pub fn wait_briefly(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => {
            diesel::sql_query("SET LOCAL lock_timeout = '200ms'").execute(conn).map(|_| ())
        }
    }
}
