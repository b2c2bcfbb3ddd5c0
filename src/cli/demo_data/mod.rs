//! The sample that `portcullis demo` loads (contract §3): the same on every machine but for the time
//! it is told. Domains are reserved ones (RFC 2606), addresses and phone numbers those set aside for
//! documentation and fiction, secrets of tokens nobody's: what is stored for them is no hash.

mod activity;
mod audit;
mod connections;
mod credits;
mod extras;
mod index;
mod people;
mod random;
#[cfg(test)]
mod tests;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::users;
use crate::error::Result;
use crate::store::settings;
use random::Random;

/// The address of the demo administrator.
pub const ADMIN_EMAIL: &str = "admin@demo.example";
/// The address of the demo member.
pub const MEMBER_EMAIL: &str = "member@demo.example";

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// How much was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Stores.
    pub stores: usize,
    /// Contacts.
    pub contacts: usize,
    /// Accounts.
    pub accounts: usize,
    /// Users.
    pub users: usize,
    /// Registered clients.
    pub clients: usize,
    /// Tokens, ended ones too.
    pub tokens: usize,
    /// Rows of activity.
    pub activity: usize,
    /// Rows of audit.
    pub audit: usize,
}

/// Whether the sample is in this database already.
///
/// # Errors
/// When the database cannot answer.
pub fn is_loaded(conn: &mut Conn) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.filter(users::email.eq(ADMIN_EMAIL))))
        .get_result(conn)
}

/// Loads the sample, in the caller's transaction. The built-in roles must be there; the rest of the
/// database is meant to be empty.
///
/// # Errors
/// When a built-in role or plan is missing, or the sample is there already.
pub fn load(
    conn: &mut Conn,
    now: Timestamp,
    resource: &str,
    password_hash_admin: &str,
    password_hash_member: &str,
) -> Result<Summary> {
    // Off by default; some of the sample's people have tokens, which are to be seen at work.
    settings::set(conn, "personal_access_tokens", "yes")?;
    settings::bump(conn)?;
    let mut random = Random::new(20_261_121);
    let (stores, contacts) = index::load(conn, &mut random, now)?;
    let people = people::load(conn, now, password_hash_admin, password_hash_member)?;
    let (clients, mut tokens) = connections::load(conn, &mut random, now, resource, &people)?;
    let (spent, mut events) = credits::load(conn, &mut random, now, &people, &tokens)?;
    let activity = activity::load(conn, &mut random, now, &people, &mut tokens, spent)?;
    connections::keep_totals(conn, &people, &tokens)?;
    events.extend(extras::load(conn, &mut random, now, &people, (stores, contacts))?);
    let audit = audit::load(conn, &mut random, now, &people, &clients, &tokens, events)?;
    Ok(Summary {
        stores,
        contacts,
        accounts: people::ACCOUNTS.len(),
        users: people.len(),
        clients: clients.len(),
        tokens: tokens.len(),
        activity,
        audit,
    })
}
