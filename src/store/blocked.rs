//! What blocking clients holds back: their tokens are stored as active, and none of them works. How
//! a client stands is its own row's alone, so that blocking one touches no token and no user, and
//! whoever counts what works takes away what these queries find. Tables: `client_groups`, whose
//! counter finds the blocked clients, `clients`, `tokens`, `users`.

use diesel::dsl::{exists, select};
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{client_groups as groups, clients};
use crate::db::written::Written;
use crate::ids::{ClientGroupId, ClientRowId};

/// Whether any client is blocked. Where none is, nothing has to be taken away from anything.
pub fn any(conn: &mut Conn) -> QueryResult<bool> {
    select(exists(groups::table.filter(groups::blocked.gt(0)))).get_result(conn)
}

/// What follows `SELECT` for tokens of blocked clients that have not ended. The order of the tables
/// is the way to them.
const TOKENS: &str = " FROM client_groups CROSS JOIN clients CROSS JOIN tokens \
     WHERE client_groups.blocked > 0 AND clients.group_id = client_groups.id \
     AND clients.trust = 'blocked' AND tokens.client_id = clients.id AND tokens.state = 'active'";

/// People with tokens of blocked clients that have not ended, and how many: `user_id`, `tokens`.
pub(super) fn held() -> Written {
    Written::new("SELECT tokens.user_id AS user_id, count(*) AS tokens")
        .sql(TOKENS)
        .sql(" GROUP BY tokens.user_id")
}

/// The ids of people all of whose tokens that have not ended are of blocked clients.
pub(super) fn idle_people() -> Written {
    Written::new("SELECT holder.id FROM (")
        .then(held())
        .sql(") AS held CROSS JOIN users AS holder")
        .sql(" WHERE holder.id = held.user_id AND holder.active_tokens <= held.tokens")
}

/// How many people have tokens that have not ended, but only of blocked clients.
pub fn count_idle_people(conn: &mut Conn) -> QueryResult<i64> {
    Written::new("SELECT count(*) FROM (").then(idle_people()).sql(") AS idle").count(conn)
}

/// How many tokens of these people would work if no client were blocked.
pub(super) fn count_tokens_of(
    conn: &mut Conn,
    people: Written,
    now: Timestamp,
) -> QueryResult<i64> {
    Written::new("SELECT count(*)")
        .sql(TOKENS)
        .sql(" AND ")
        // SQLite would look through all tokens that work.
        .then(Written::on_sqlite(conn, "+"))
        .sql("tokens.expires_at > ")
        .number(now.0)
        .sql(" AND ")
        // And for each of the clients look up each of the people.
        .then(Written::on_sqlite(conn, "+"))
        .sql("tokens.user_id IN (")
        .then(people)
        .sql(")")
        .count(conn)
}

/// A blocked client: its group, itself, and its tokens as its row counts them.
pub type BlockedClient = (Option<ClientGroupId>, ClientRowId, i64);

/// All blocked clients.
pub fn clients(conn: &mut Conn) -> QueryResult<Vec<BlockedClient>> {
    clients::table
        .inner_join(groups::table)
        .filter(groups::blocked.gt(0))
        .filter(clients::trust.eq("blocked"))
        .select((clients::group_id, clients::id, clients::active_tokens))
        .load(conn)
}

/// The blocked clients of these groups.
pub fn clients_of(conn: &mut Conn, of: &[ClientGroupId]) -> QueryResult<Vec<BlockedClient>> {
    clients::table
        .filter(clients::group_id.eq_any(of))
        .filter(clients::trust.eq("blocked"))
        .select((clients::group_id, clients::id, clients::active_tokens))
        .load(conn)
}
