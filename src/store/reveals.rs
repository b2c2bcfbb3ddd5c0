//! Which contacts an account has paid for. Table: `reveals`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{contacts, reveals, users};
use crate::domain::contact::Contact;
use crate::ids::{AccountId, ClientRowId, TokenId, UserId};
use crate::store::contacts::Row;

/// A contact that an account reveals for the first time.
#[derive(Debug, Insertable)]
#[diesel(table_name = reveals)]
pub struct NewReveal {
    /// The account.
    pub account_id: AccountId,
    /// The contact's row.
    pub contact_id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub user_id: UserId,
    /// By which client, if by one.
    pub client_id: Option<ClientRowId>,
    /// By which token or key, if by one.
    pub token_id: Option<TokenId>,
    /// What it cost.
    pub credits: i64,
}

/// Those of these contacts that the account has revealed before.
pub fn among(conn: &mut Conn, account: AccountId, contacts: &[i64]) -> QueryResult<Vec<i64>> {
    reveals::table
        .filter(reveals::account_id.eq(account))
        .filter(reveals::contact_id.eq_any(contacts))
        .select(reveals::contact_id)
        .load(conn)
}

/// Writes a reveal down; the database refuses a second one of the same account and contact.
pub fn insert(conn: &mut Conn, reveal: &NewReveal) -> QueryResult<usize> {
    diesel::insert_into(reveals::table).values(reveal).execute(conn)
}

/// A place in the list of what an account has revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When it was revealed.
    pub at: Timestamp,
    /// The contact's row, which tells those of one moment apart.
    pub id: i64,
}

/// A contact that an account has paid for.
#[derive(Debug)]
pub struct RevealRow {
    /// The contact's row.
    pub id: i64,
    /// The contact, with everything that is known: nothing of it leaves the house but what is safe.
    pub contact: Contact,
    /// When it was revealed.
    pub at: Timestamp,
    /// The name of who revealed it.
    pub by: Option<String>,
}

/// What an account has revealed before `before`, newest first, at most `limit`.
pub fn page(
    conn: &mut Conn,
    account: AccountId,
    before: Option<Place>,
    limit: i64,
) -> QueryResult<Vec<RevealRow>> {
    let before = before.unwrap_or(Place { at: Timestamp(i64::MAX), id: i64::MAX });
    let rows: Vec<(Timestamp, Option<String>, Row)> = reveals::table
        .inner_join(contacts::table)
        .left_join(users::table.on(users::id.eq(reveals::user_id)))
        .filter(reveals::account_id.eq(account))
        .filter(reveals::at.le(before.at))
        .filter(reveals::at.lt(before.at).or(reveals::contact_id.lt(before.id)))
        .order((reveals::at.desc(), reveals::contact_id.desc()))
        .limit(limit)
        .select((reveals::at, users::name.nullable(), Row::as_select()))
        .load(conn)?;
    let row = |(at, by, row): (Timestamp, Option<String>, Row)| RevealRow {
        id: row.id,
        contact: row.into(),
        at,
        by,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// How many contacts an account has revealed.
pub fn count(conn: &mut Conn, account: AccountId) -> QueryResult<i64> {
    reveals::table.filter(reveals::account_id.eq(account)).count().get_result(conn)
}
