//! Views of a grid that people saved, and may share. Table: `grid_views`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::{grid_views as views, users};
use crate::domain::access::UserStatus;
use crate::ids::{GridViewId, UserId};

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ViewRow {
    /// Row id.
    pub id: GridViewId,
    /// What its owner calls it.
    pub name: String,
    /// The query of its address.
    pub query: String,
    /// Whether the grid opens with it.
    pub is_default: bool,
    /// Whether everybody who sees the grid is offered it.
    pub is_shared: bool,
}

/// A person's views of a grid, by name.
pub fn of_user(conn: &mut Conn, user: UserId, grid: &str) -> QueryResult<Vec<ViewRow>> {
    views::table
        .filter(views::user_id.eq(user))
        .filter(views::grid.eq(grid))
        .order((views::name.asc(), views::id.asc()))
        .select(columns())
        .load(conn)
}

/// The columns of a [`ViewRow`].
type Columns = (views::id, views::name, views::query, views::is_default, views::shared);

fn columns() -> Columns {
    (views::id, views::name, views::query, views::is_default, views::shared)
}

/// The views of a grid that others share, by name, each with its owner's name. What somebody shared
/// who can no longer sign in is not among them.
pub fn shared_with(
    conn: &mut Conn,
    user: UserId,
    grid: &str,
    most: i64,
) -> QueryResult<Vec<(ViewRow, String)>> {
    views::table
        .inner_join(users::table.on(users::id.eq(views::user_id)))
        .filter(views::shared.eq(true))
        .filter(views::grid.eq(grid))
        .filter(views::user_id.ne(user))
        .filter(users::status.eq(UserStatus::Active.as_str()))
        .order((views::name.asc(), views::id.asc()))
        .limit(most)
        .select((columns(), users::name))
        .load(conn)
}

/// Offers a view of that person to everybody who sees the grid, or no longer.
pub fn share(conn: &mut Conn, user: UserId, id: GridViewId, shared: bool) -> QueryResult<usize> {
    diesel::update(views::table.filter(views::id.eq(id)).filter(views::user_id.eq(user)))
        .set(views::shared.eq(shared))
        .execute(conn)
}

/// Adds a view.
pub fn insert(
    conn: &mut Conn,
    user: UserId,
    grid: &str,
    name: &str,
    query: &str,
) -> QueryResult<GridViewId> {
    diesel::insert_into(views::table)
        .values((
            views::user_id.eq(user),
            views::grid.eq(grid),
            views::name.eq(name),
            views::query.eq(query),
            views::is_default.eq(false),
        ))
        .returning(views::id)
        .get_result(conn)
}

/// Gives a view of that person another name.
pub fn rename(conn: &mut Conn, user: UserId, id: GridViewId, name: &str) -> QueryResult<usize> {
    diesel::update(views::table.filter(views::id.eq(id)).filter(views::user_id.eq(user)))
        .set(views::name.eq(name))
        .execute(conn)
}

/// Lets a view of that person show something else.
pub fn replace(conn: &mut Conn, user: UserId, id: GridViewId, query: &str) -> QueryResult<usize> {
    diesel::update(views::table.filter(views::id.eq(id)).filter(views::user_id.eq(user)))
        .set(views::query.eq(query))
        .execute(conn)
}

/// Deletes a view of that person.
pub fn delete(conn: &mut Conn, user: UserId, id: GridViewId) -> QueryResult<usize> {
    diesel::delete(views::table.filter(views::id.eq(id)).filter(views::user_id.eq(user)))
        .execute(conn)
}

/// Lets the grid open with no view of that person.
pub fn clear_default(conn: &mut Conn, user: UserId, grid: &str) -> QueryResult<usize> {
    diesel::update(
        views::table
            .filter(views::user_id.eq(user))
            .filter(views::grid.eq(grid))
            .filter(views::is_default.eq(true)),
    )
    .set(views::is_default.eq(false))
    .execute(conn)
}

/// Lets the grid open with this view.
pub fn set_default(conn: &mut Conn, user: UserId, id: GridViewId) -> QueryResult<usize> {
    diesel::update(views::table.filter(views::id.eq(id)).filter(views::user_id.eq(user)))
        .set(views::is_default.eq(true))
        .execute(conn)
}
