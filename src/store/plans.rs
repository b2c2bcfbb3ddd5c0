//! Plans as administrators see and change them. Table: `plans`.

use diesel::dsl::{count_star, exists, not};
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{accounts, plans};
use crate::domain::plan::Terms;
use crate::ids::PlanId;
use crate::store::accounts::Plan;

impl Plan {
    /// What it says.
    pub fn terms(&self) -> Terms {
        Terms {
            name: self.name.clone(),
            api_access: self.api_access,
            requests_per_minute: self.requests_per_minute,
            requests_per_day: self.requests_per_day,
            rows_per_month: self.rows_per_month,
            credits_per_month: self.credits_per_month,
        }
    }
}

/// All plans with whether they are built in, in the order in which they were made.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<(Plan, bool)>> {
    plans::table.order(plans::id.asc()).select((Plan::as_select(), plans::built_in)).load(conn)
}

/// The plan with that id, and whether it is built in.
pub fn find(conn: &mut Conn, id: PlanId) -> QueryResult<Option<(Plan, bool)>> {
    plans::table.find(id).select((Plan::as_select(), plans::built_in)).get_result(conn).optional()
}

/// How many accounts are on each plan that has any.
pub fn accounts_by_plan(conn: &mut Conn) -> QueryResult<Vec<(PlanId, i64)>> {
    accounts::table.group_by(accounts::plan_id).select((accounts::plan_id, count_star())).load(conn)
}

/// How many accounts are on a plan.
pub fn accounts_on(conn: &mut Conn, id: PlanId) -> QueryResult<i64> {
    accounts::table.filter(accounts::plan_id.eq(id)).count().get_result(conn)
}

/// Adds a plan.
pub fn insert(conn: &mut Conn, terms: &Terms) -> QueryResult<PlanId> {
    diesel::insert_into(plans::table)
        .values((
            plans::name.eq(&terms.name),
            plans::api_access.eq(terms.api_access),
            plans::requests_per_minute.eq(terms.requests_per_minute),
            plans::requests_per_day.eq(terms.requests_per_day),
            plans::rows_per_month.eq(terms.rows_per_month),
            plans::credits_per_month.eq(terms.credits_per_month),
            plans::built_in.eq(false),
        ))
        .returning(plans::id)
        .get_result(conn)
}

/// Makes a plan say something else, if it still says `was`; 0 rows if it does not.
pub fn replace(conn: &mut Conn, id: PlanId, was: &Terms, becomes: &Terms) -> QueryResult<usize> {
    diesel::update(
        plans::table
            .find(id)
            .filter(plans::name.eq(&was.name))
            .filter(plans::api_access.eq(was.api_access))
            .filter(plans::requests_per_minute.eq(was.requests_per_minute))
            .filter(plans::requests_per_day.eq(was.requests_per_day))
            .filter(plans::rows_per_month.eq(was.rows_per_month))
            .filter(plans::credits_per_month.eq(was.credits_per_month)),
    )
    .set((
        plans::name.eq(&becomes.name),
        plans::api_access.eq(becomes.api_access),
        plans::requests_per_minute.eq(becomes.requests_per_minute),
        plans::requests_per_day.eq(becomes.requests_per_day),
        plans::rows_per_month.eq(becomes.rows_per_month),
        plans::credits_per_month.eq(becomes.credits_per_month),
    ))
    .execute(conn)
}

/// Removes a plan that no account is on, unless it is built in; 0 rows if it may not go. The caller
/// holds `db::lock::plan`, so that no account comes onto it meanwhile.
pub fn delete(conn: &mut Conn, id: PlanId) -> QueryResult<usize> {
    let in_use = exists(accounts::table.filter(accounts::plan_id.eq(id)));
    diesel::delete(plans::table.find(id).filter(plans::built_in.eq(false)).filter(not(in_use)))
        .execute(conn)
}
