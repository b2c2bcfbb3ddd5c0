//! Many entries of the audit log in one statement, for acts on many people. Both backends read the
//! same text; Diesel's multi-backend connection has no insert of many rows.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};

use super::connection::{Conn, MultiBackend};

/// Rows of one statement at most: two values each, and a statement takes 32,766.
const AT_ONCE: usize = 500;

/// Entries about users that differ in the user and the detail only.
#[derive(Debug)]
pub struct AuditRows<'a> {
    /// When, UTC milliseconds.
    pub at: i64,
    /// The request in which it happened.
    pub request_id: Option<&'a str>,
    /// Who, if it is a user.
    pub actor_id: Option<i64>,
    /// Their name.
    pub actor: &'a str,
    /// From which address.
    pub address: Option<String>,
    /// What.
    pub action: &'static str,
    /// How it ended.
    pub outcome: &'static str,
    /// Id of the user, address and detail of each.
    pub targets: &'a [(i64, String, String)],
}

impl AuditRows<'_> {
    /// Writes them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        for targets in self.targets.chunks(AT_ONCE) {
            Statement { rows: self, targets }.execute(conn)?;
        }
        Ok(())
    }
}

struct Statement<'a> {
    rows: &'a AuditRows<'a>,
    targets: &'a [(i64, String, String)],
}

impl QueryFragment<MultiBackend> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        // What all have in common is bound once.
        out.push_sql(
            "INSERT INTO audit (at, request_id, actor_id, actor, action, target_kind, outcome, address, target_id, target, detail, about_user_id) \
             SELECT common.*, each.*, each.column1 FROM (SELECT CAST(",
        );
        let rows = self.rows;
        out.push_bind_param::<BigInt, _>(&rows.at)?;
        out.push_sql(" AS BIGINT) AS at, CAST(");
        out.push_bind_param::<Nullable<Text>, _>(&rows.request_id)?;
        out.push_sql(" AS TEXT) AS request_id, CAST(");
        out.push_bind_param::<Nullable<BigInt>, _>(&rows.actor_id)?;
        out.push_sql(" AS BIGINT) AS actor_id, CAST(");
        out.push_bind_param::<Text, _>(rows.actor)?;
        out.push_sql(" AS TEXT) AS actor, CAST(");
        out.push_bind_param::<Text, _>(rows.action)?;
        out.push_sql(" AS TEXT) AS action, 'user' AS target_kind, CAST(");
        out.push_bind_param::<Text, _>(rows.outcome)?;
        out.push_sql(" AS TEXT) AS outcome, CAST(");
        out.push_bind_param::<Nullable<Text>, _>(&rows.address)?;
        out.push_sql(" AS TEXT) AS address) AS common CROSS JOIN (VALUES ");
        for (place, (id, target, detail)) in self.targets.iter().enumerate() {
            out.push_sql(if place == 0 { "(CAST(" } else { ", (CAST(" });
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(" AS BIGINT), CAST(");
            out.push_bind_param::<Text, _>(target.as_str())?;
            out.push_sql(" AS TEXT), CAST(");
            out.push_bind_param::<Text, _>(detail.as_str())?;
            out.push_sql(" AS TEXT))");
        }
        out.push_sql(") AS each");
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Conn> for Statement<'_> {}
