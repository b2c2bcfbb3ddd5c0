//! The clients grid: a page of it, with figures as of now.

use std::collections::{HashMap, HashSet};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::records::counted_from;
use crate::error::Result;
use crate::ids::{ClientGroupId, ClientRowId};
use crate::service::Ctx;
use crate::store::blocked;
use crate::store::client_figures::{self as figures, Figures};
use crate::store::client_grid::{self, ClientQuery, ClientRowOfGrid};
use crate::store::client_groups::{self, GroupRow};

/// A page of the grid.
#[derive(Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<ClientRowOfGrid>,
    /// Rows that match, on all pages.
    pub total: i64,
    /// The page shown: the one asked for, or the last one if there are not so many.
    pub page: i64,
    /// The group whose members are shown.
    pub group: Option<GroupRow>,
}

/// Reads a page of the clients grid.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(ctx: &Ctx, query: ClientQuery) -> Result<Page> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let total = client_grid::count(conn, &query)?;
            let page = query.page.clamp(1, (total - 1).max(0) / query.page_size + 1);
            let query = ClientQuery { page, ..query };
            let mut rows = rows(conn, &query)?;
            bring_up_to(conn, &mut rows, query.group.is_some(), now)?;
            let group = match query.group {
                Some(group) => client_groups::by_id(conn, group)?,
                None => None,
            };
            Ok(Page { rows, total, page, group })
        })
        .await
}

/// What one client does, as of now.
///
/// # Errors
/// When the database cannot answer.
pub async fn figures_of(ctx: &Ctx, client: ClientRowId) -> Result<Figures> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let mut rows = client_grid::members(conn, &[client])?;
            bring_up_to(conn, &mut rows, true, now)?;
            Ok(rows.pop().map(|row| row.figures).unwrap_or_default())
        })
        .await
}

fn rows(conn: &mut Conn, query: &ClientQuery) -> Result<Vec<ClientRowOfGrid>> {
    if let Some(group) = query.group {
        let ids = client_grid::page_of_members(conn, query, group)?;
        let rows = client_grid::members(conn, &ids)?;
        return Ok(in_order(&ids, rows, |row| row.client));
    }
    let ids = client_grid::page_of_groups(conn, query)?;
    let mut rows = in_order(&ids, client_grid::groups(conn, &ids)?, |row| Some(row.group));
    // A group of one is shown as that client.
    let single: Vec<_> = rows.iter().filter(|row| row.clients == 1).map(|row| row.group).collect();
    let members: HashMap<_, _> = client_grid::only_members(conn, &single)?.into_iter().collect();
    for row in rows.iter_mut().filter(|row| row.clients == 1) {
        row.client = members.get(&Some(row.group)).copied();
    }
    Ok(rows)
}

fn in_order<I: std::hash::Hash + Eq>(
    ids: &[I],
    rows: Vec<ClientRowOfGrid>,
    id: impl Fn(&ClientRowOfGrid) -> Option<I>,
) -> Vec<ClientRowOfGrid> {
    let mut by_id: HashMap<I, ClientRowOfGrid> =
        rows.into_iter().filter_map(|row| Some((id(&row)?, row))).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}

/// Adds to the stored figures what has happened since they were stored, takes away what time has
/// ended, and sets apart what is held back because its client is blocked.
fn bring_up_to(
    conn: &mut Conn,
    rows: &mut [ClientRowOfGrid],
    is_of_members: bool,
    now: Timestamp,
) -> Result<()> {
    let groups: Vec<ClientGroupId> = match rows {
        [first, ..] if is_of_members => vec![first.group],
        _ => rows.iter().map(|row| row.group).collect(),
    };
    let places: HashMap<(ClientGroupId, Option<ClientRowId>), usize> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| ((row.group, row.client.filter(|_| is_of_members)), place))
        .collect();
    let place = |group: Option<ClientGroupId>, client: ClientRowId| {
        places.get(&(group?, is_of_members.then_some(client))).copied()
    };
    let with_blocked: Vec<ClientGroupId> =
        rows.iter().filter(|row| row.blocked > 0).map(|row| row.group).collect();
    let mut held: HashSet<ClientRowId> = HashSet::new();
    for (group, client, tokens) in blocked::clients_of(conn, &with_blocked)? {
        held.insert(client);
        if let Some(row) = place(group, client).and_then(|place| rows.get_mut(place)) {
            row.figures.tokens -= tokens;
            row.blocked_tokens += tokens;
        }
    }
    let mut add = |group: Option<ClientGroupId>, client: ClientRowId, more: Figures| {
        if let Some(row) = place(group, client).and_then(|place| rows.get_mut(place)) {
            let is_held = held.contains(&client);
            row.blocked_tokens += if is_held { more.tokens } else { 0 };
            let tokens = if is_held { 0 } else { more.tokens };
            row.figures = row.figures.plus(&Figures { tokens, ..more });
        }
    };
    for (group, client, users, group_users, tokens, times) in figures::differences(conn, &groups)? {
        let users = if is_of_members { users } else { group_users };
        let more = Figures { users: users * times, tokens: tokens * times, ..Figures::default() };
        add(group, client, more);
    }
    for (group, client, tokens) in figures::overdue(conn, now)? {
        add(group, client, Figures { tokens: -tokens, ..Figures::default() });
    }
    let since = figures::calls_until(conn)?.max(counted_from(now));
    for (group, client, calls, last_used_at) in
        figures::calls_between(conn, since, Timestamp(i64::MAX))?
    {
        add(group, client, Figures { calls, last_used_at, ..Figures::default() });
    }
    Ok(())
}
