//! What the clients grid reads: groups of look-alike registrations, or the members of one, by
//! stored figures. Every sort has an index, from which a page is taken before its rows are read, so
//! that page N costs what page 1 does.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::grid::contains;
use crate::clock::Timestamp;
use crate::db::schema::{client_groups as groups, clients};
use crate::db::{Conn, MultiBackend};
use crate::ids::{ClientGroupId, ClientRowId};
use crate::store::blocked;
use crate::store::client_figures::Figures;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSort {
    /// Name.
    Name,
    /// Blocked, verified, the rest.
    Status,
    /// When it registered.
    Registered,
    /// People with a live approval.
    Users,
    /// Active tokens.
    Tokens,
    /// Last answered call.
    LastUsed,
    /// Answered calls in thirty days.
    Calls,
}

/// Whether somebody vouches for a client, or has locked it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Somebody vouches for it.
    Verified,
    /// It says itself who it is.
    Unverified,
    /// Refused for everybody.
    Blocked,
}

impl Trust {
    /// As the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Blocked => "blocked",
        }
    }

    /// From the database.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "verified" => Self::Verified,
            "blocked" => Self::Blocked,
            _ => Self::Unverified,
        }
    }
}

/// A view of the grid.
#[derive(Debug, Clone)]
pub struct ClientQuery {
    /// The members of this group, instead of groups.
    pub group: Option<ClientGroupId>,
    /// Text in name or redirect host, or a whole `client_id`.
    pub text: Option<String>,
    /// Only these; groups that have any.
    pub trust: Option<Trust>,
    /// Only those that came so.
    pub registration: Option<String>,
    /// Sort column.
    pub sort: ClientSort,
    /// Largest first.
    pub descending: bool,
    /// Page, from 1.
    pub page: i64,
    /// Rows a page.
    pub page_size: i64,
}

/// A row: a group, or one client.
#[derive(Debug, Clone)]
pub struct ClientRowOfGrid {
    /// The group; of a member, the group it is in.
    pub group: ClientGroupId,
    /// The client, if the row is one.
    pub client: Option<ClientRowId>,
    /// The name it gave itself; never trusted, always escaped.
    pub name: String,
    /// Where its redirect URIs lead.
    pub redirect_host: String,
    /// How it came.
    pub registration: String,
    /// The last registration.
    pub registered_at: Timestamp,
    /// Registrations.
    pub clients: i64,
    /// Of them verified.
    pub verified: i64,
    /// Of them blocked.
    pub blocked: i64,
    /// Figures as stored.
    pub figures: Figures,
    /// Tokens that have not ended and do not work, because their client is blocked; no part of the
    /// figures.
    pub blocked_tokens: i64,
}

type OnGroups = Box<dyn BoxableExpression<groups::table, MultiBackend, SqlType = Bool>>;
type OnClients = Box<dyn BoxableExpression<clients::table, MultiBackend, SqlType = Bool>>;

fn on_groups(conn: &Conn, query: &ClientQuery) -> Vec<OnGroups> {
    let mut conditions: Vec<OnGroups> = Vec::new();
    if let Some(text) = &query.text {
        let named = clients::table
            .filter(clients::client_id.eq(text.clone()))
            .filter(clients::group_id.is_not_null())
            .select(clients::group_id.assume_not_null());
        conditions.push(Box::new(
            contains(conn, "client_groups.name", text)
                .or(contains(conn, "client_groups.redirect_host", text))
                .or(groups::id.eq_any(named)),
        ));
    }
    match query.trust {
        Some(Trust::Verified) => conditions.push(Box::new(groups::verified.gt(0))),
        Some(Trust::Blocked) => conditions.push(Box::new(groups::blocked.gt(0))),
        Some(Trust::Unverified) => {
            conditions.push(Box::new(groups::clients.gt(groups::verified + groups::blocked)));
        }
        None => {}
    }
    if let Some(registration) = &query.registration {
        conditions.push(Box::new(groups::registration.eq(registration.clone())));
    }
    conditions
}

fn on_members(conn: &Conn, query: &ClientQuery, group: ClientGroupId) -> Vec<OnClients> {
    let mut conditions: Vec<OnClients> =
        vec![Box::new(clients::group_id.eq(group).assume_not_null())];
    if let Some(text) = &query.text {
        conditions.push(Box::new(
            contains(conn, "clients.name", text)
                .or(contains(conn, "clients.redirect_uris", text))
                .or(clients::client_id.eq(text.clone())),
        ));
    }
    if let Some(trust) = query.trust {
        conditions.push(Box::new(clients::trust.eq(trust.as_str())));
    }
    if let Some(registration) = &query.registration {
        conditions.push(Box::new(clients::registration.eq(registration.clone())));
    }
    conditions
}

/// How many rows match.
pub fn count(conn: &mut Conn, query: &ClientQuery) -> QueryResult<i64> {
    if let Some(group) = query.group {
        let mut statement = clients::table.select(diesel::dsl::count_star()).into_boxed();
        for condition in on_members(conn, query, group) {
            statement = statement.filter(condition);
        }
        return statement.get_result(conn);
    }
    let mut statement = groups::table.select(diesel::dsl::count_star()).into_boxed();
    for condition in on_groups(conn, query) {
        statement = statement.filter(condition);
    }
    statement.get_result(conn)
}

/// Orders by columns and then by id, all in one direction.
macro_rules! by {
    ($statement:expr, $descending:expr, $($column:expr),+) => {
        if $descending {
            $statement.order(($($column.desc()),+,))
        } else {
            $statement.order(($($column.asc()),+,))
        }
    };
}

/// Orders by a column that may be empty; rows without a value come last both ways.
macro_rules! by_last {
    ($statement:expr, $descending:expr, $column:expr, $id:expr) => {
        if $descending {
            $statement.order(($column.is_null().asc(), $column.desc(), $id.desc()))
        } else {
            $statement.order(($column.is_null().asc(), $column.asc(), $id.asc()))
        }
    };
}

/// The tokens of a group that work, for an order: no index has them, and it is asked for only while
/// a client is blocked.
const WORKING_OF_GROUP: &str = "CASE WHEN client_groups.blocked = 0 THEN client_groups.active_tokens \
     ELSE client_groups.active_tokens - (SELECT coalesce(sum(member.active_tokens), 0) \
     FROM clients AS member WHERE member.group_id = client_groups.id \
     AND member.trust = 'blocked') END";
/// The same of a client.
const WORKING_OF_CLIENT: &str =
    "CASE WHEN clients.trust = 'blocked' THEN 0 ELSE clients.active_tokens END";

/// The groups of a page, in their order.
pub fn page_of_groups(conn: &mut Conn, query: &ClientQuery) -> QueryResult<Vec<ClientGroupId>> {
    let mut statement = groups::table.select(groups::id).into_boxed();
    for condition in on_groups(conn, query) {
        statement = statement.filter(condition);
    }
    let down = query.descending;
    let held = query.sort == ClientSort::Tokens && blocked::any(conn)?;
    let statement = match query.sort {
        ClientSort::Tokens if held => {
            by!(statement, down, sql::<BigInt>(WORKING_OF_GROUP), groups::id)
        }
        ClientSort::Name => by!(statement, down, groups::name, groups::id),
        ClientSort::Status => {
            by!(statement, down, groups::blocked, groups::verified, groups::id)
        }
        ClientSort::Registered => by!(statement, down, groups::registered_at, groups::id),
        ClientSort::Users => by!(statement, down, groups::users, groups::id),
        ClientSort::Tokens => by!(statement, down, groups::active_tokens, groups::id),
        ClientSort::Calls => by!(statement, down, groups::calls, groups::id),
        ClientSort::LastUsed => by_last!(statement, down, groups::last_used_at, groups::id),
    };
    statement.limit(query.page_size).offset((query.page - 1) * query.page_size).load(conn)
}

/// The members of a page of a group, in their order.
pub fn page_of_members(
    conn: &mut Conn,
    query: &ClientQuery,
    group: ClientGroupId,
) -> QueryResult<Vec<ClientRowId>> {
    let mut statement = clients::table.select(clients::id).into_boxed();
    for condition in on_members(conn, query, group) {
        statement = statement.filter(condition);
    }
    let down = query.descending;
    let held = query.sort == ClientSort::Tokens && blocked::any(conn)?;
    let statement = match query.sort {
        ClientSort::Tokens if held => {
            by!(statement, down, sql::<BigInt>(WORKING_OF_CLIENT), clients::id)
        }
        ClientSort::Name => by!(statement, down, clients::name, clients::id),
        ClientSort::Status => by!(statement, down, clients::trust, clients::id),
        ClientSort::Registered => by!(statement, down, clients::created_at, clients::id),
        ClientSort::Users => by!(statement, down, clients::users, clients::id),
        ClientSort::Tokens => by!(statement, down, clients::active_tokens, clients::id),
        ClientSort::Calls => by!(statement, down, clients::calls, clients::id),
        ClientSort::LastUsed => by_last!(statement, down, clients::last_used_at, clients::id),
    };
    statement.limit(query.page_size).offset((query.page - 1) * query.page_size).load(conn)
}

type GroupColumns = (
    (ClientGroupId, String, String, String, Timestamp),
    (i64, i64, i64),
    (i64, i64, i64, Option<Timestamp>),
);

/// Groups by id, in no order.
pub fn groups(conn: &mut Conn, ids: &[ClientGroupId]) -> QueryResult<Vec<ClientRowOfGrid>> {
    let rows: Vec<GroupColumns> = groups::table
        .filter(groups::id.eq_any(ids))
        .select((
            (
                groups::id,
                groups::name,
                groups::redirect_host,
                groups::registration,
                groups::registered_at,
            ),
            (groups::clients, groups::verified, groups::blocked),
            (groups::users, groups::active_tokens, groups::calls, groups::last_used_at),
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(about, (clients, verified, blocked), (users, tokens, calls, last_used_at))| {
            let (group, name, redirect_host, registration, registered_at) = about;
            ClientRowOfGrid {
                group,
                client: None,
                name,
                redirect_host,
                registration,
                registered_at,
                clients,
                verified,
                blocked,
                figures: Figures { users, tokens, calls, last_used_at },
                blocked_tokens: 0,
            }
        })
        .collect())
}

/// The members of these groups.
pub fn only_members(
    conn: &mut Conn,
    of: &[ClientGroupId],
) -> QueryResult<Vec<(Option<ClientGroupId>, ClientRowId)>> {
    clients::table
        .filter(clients::group_id.eq_any(of))
        .select((clients::group_id, clients::id))
        .load(conn)
}

type ClientColumns = (
    (ClientRowId, Option<ClientGroupId>, String, String, String, Timestamp, String),
    (i64, i64, i64, Option<Timestamp>),
);

/// Clients by id, in no order.
pub fn members(conn: &mut Conn, ids: &[ClientRowId]) -> QueryResult<Vec<ClientRowOfGrid>> {
    let rows: Vec<ClientColumns> = clients::table
        .filter(clients::id.eq_any(ids))
        .select((
            (
                clients::id,
                clients::group_id,
                clients::name,
                clients::redirect_uris,
                clients::registration,
                clients::created_at,
                clients::trust,
            ),
            (clients::users, clients::active_tokens, clients::calls, clients::last_used_at),
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(about, (users, tokens, calls, last_used_at))| {
            let (id, group, name, redirect_uris, registration, registered_at, trust) = about;
            let trust = Trust::from_stored(&trust);
            ClientRowOfGrid {
                group: group.unwrap_or(ClientGroupId(0)),
                client: Some(id),
                name,
                redirect_host: crate::domain::redirect::shown_hosts(redirect_uris.lines()),
                registration,
                registered_at,
                clients: 1,
                verified: i64::from(trust == Trust::Verified),
                blocked: i64::from(trust == Trust::Blocked),
                figures: Figures { users, tokens, calls, last_used_at },
                blocked_tokens: 0,
            }
        })
        .collect())
}
