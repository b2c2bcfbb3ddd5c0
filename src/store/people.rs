//! What the list of people reads: users with their role, by name, page by page. Table: `users`.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::grid::{escape_like, lower};
use crate::db::schema::{roles, users};
use crate::db::{Conn, MultiBackend};
use crate::domain::access::UserStatus;
use crate::ids::UserId;

/// A person as the list shows them.
#[derive(Debug, Clone, Queryable)]
pub struct PersonRow {
    /// Row id.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role's name.
    pub role: String,
    /// `active` or `suspended`.
    pub status: String,
    /// Whether their clients may call.
    pub mcp_enabled: bool,
}

impl PersonRow {
    /// Their status.
    pub fn status(&self) -> UserStatus {
        UserStatus::from_stored(&self.status)
    }
}

type Source = diesel::dsl::InnerJoinQuerySource<users::table, roles::table>;

/// Text in name or address; no text is in everybody's.
fn matches(text: Option<&str>) -> Box<dyn BoxableExpression<Source, MultiBackend, SqlType = Bool>> {
    let Some(text) = text else {
        return Box::new(true.into_sql::<Bool>());
    };
    let pattern = format!("%{}%", escape_like(&text.to_lowercase()));
    Box::new(
        lower(users::name)
            .like(pattern.clone())
            .escape('\\')
            .or(users::email.like(pattern).escape('\\')),
    )
}

/// How many match.
pub fn count(conn: &mut Conn, text: Option<&str>) -> QueryResult<i64> {
    users::table.inner_join(roles::table).filter(matches(text)).count().get_result(conn)
}

/// People by name, `limit` of them after the first `offset`.
pub fn page(
    conn: &mut Conn,
    text: Option<&str>,
    limit: i64,
    offset: i64,
) -> QueryResult<Vec<PersonRow>> {
    users::table
        .inner_join(roles::table)
        .filter(matches(text))
        .order((users::name.asc(), users::id.asc()))
        .limit(limit)
        .offset(offset)
        .select((
            users::id,
            users::name,
            users::email,
            roles::name,
            users::status,
            users::mcp_enabled,
        ))
        .load(conn)
}
