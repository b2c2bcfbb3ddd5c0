//! Which contacts an account has paid for. Table: `reveals`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::reveals;
use crate::ids::{AccountId, ClientRowId, TokenId, UserId};

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
