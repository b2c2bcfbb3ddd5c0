//! Views of a grid that people saved. Table: `grid_views`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::grid_views as views;
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
}

/// A person's views of a grid, by name.
pub fn of_user(conn: &mut Conn, user: UserId, grid: &str) -> QueryResult<Vec<ViewRow>> {
    views::table
        .filter(views::user_id.eq(user))
        .filter(views::grid.eq(grid))
        .order((views::name.asc(), views::id.asc()))
        .select((views::id, views::name, views::query, views::is_default))
        .load(conn)
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
