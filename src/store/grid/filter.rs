//! Whom a view of the grid shows, as conditions of a statement over `users`.

use diesel::QueryResult;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::people_texts::{self, Texts};
use crate::db::written::Written;
use crate::domain::quota::Span;
use crate::ids::UserId;
use crate::store::blocked;

/// Whom a view shows. Everybody, if nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GridFilter {
    /// Text in name or address.
    pub text: Option<String>,
    /// Text in the name of a client that they ever connected.
    pub client: Option<String>,
    /// Only people with access enabled, or disabled.
    pub access: Option<bool>,
    /// Only people of the roles of these names; any, if there are none.
    pub roles: Vec<String>,
    /// Only people with, or without, active tokens.
    pub has_tokens: Option<bool>,
    /// Only people with tokens that ran out.
    pub has_expired: bool,
    /// Only people who have spent more than 80 % of their credits.
    pub over_credits: bool,
    /// Only people who never used a tool.
    pub never_used: bool,
    /// First enabled at or after.
    pub added_from: Option<Timestamp>,
    /// First enabled before.
    pub added_until: Option<Timestamp>,
    /// Last used at or after.
    pub used_from: Option<Timestamp>,
    /// Last used before.
    pub used_until: Option<Timestamp>,
    /// Only these; everybody, if nothing is said.
    pub only: Option<Vec<UserId>>,
    /// None of these.
    pub except: Vec<UserId>,
}

/// The condition that whoever has this id is not deleted. Those who are are few: looked up once, and
/// an index that does not know of them is enough for everybody else.
pub(super) fn is_there(id: &'static str) -> Written {
    Written::new(id)
        .sql(" NOT IN (SELECT gone.id FROM users AS gone WHERE gone.deleted_at IS NOT NULL)")
}

/// The conditions that all must hold; one of them is that the person is not deleted.
pub(in crate::store) fn conditions(
    conn: &mut Conn,
    filter: &GridFilter,
    now: Timestamp,
) -> QueryResult<Vec<Written>> {
    let mut all = filtering(conn, filter, now)?;
    all.push(is_there("users.id"));
    Ok(all)
}

/// What the filter itself asks.
pub(super) fn filtering(
    conn: &mut Conn,
    filter: &GridFilter,
    now: Timestamp,
) -> QueryResult<Vec<Written>> {
    let mut all = Vec::new();
    if let Some(text) = &filter.text {
        all.push(people_texts::holds(conn, Texts::Person, text));
    }
    if let Some(text) = &filter.client {
        all.push(people_texts::holds(conn, Texts::Clients, text));
    }
    let switches = [
        (filter.access == Some(true), "users.mcp_enabled = TRUE"),
        (filter.access == Some(false), "users.mcp_enabled = FALSE"),
        (filter.has_expired, "users.expired_tokens > 0"),
        (filter.never_used, "users.last_tool_at IS NULL"),
    ];
    all.extend(switches.iter().filter(|(is_set, _)| *is_set).map(|(_, sql)| Written::new(sql)));
    if let Some(has_tokens) = filter.has_tokens {
        all.push(with_tokens(conn, has_tokens)?);
    }
    if !filter.roles.is_empty() {
        all.push(of_roles(&filter.roles));
    }
    if filter.over_credits {
        all.push(over_credits(now));
    }
    let bounds = [
        (filter.added_from, "users.mcp_added_at >= "),
        (filter.added_until, "users.mcp_added_at < "),
        (filter.used_from, "users.last_tool_at >= "),
        (filter.used_until, "users.last_tool_at < "),
    ];
    all.extend(bounds.iter().filter_map(|(at, sql)| Some(Written::new(sql).number((*at)?.0))));
    let ids = |ids: &[UserId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    if let Some(only) = &filter.only {
        all.push(Written::new("users.id").one_of(ids(only)));
    }
    if !filter.except.is_empty() {
        all.push(Written::new("NOT users.id").one_of(ids(&filter.except)));
    }
    Ok(all)
}

/// People with, or without, tokens that work: those that have not ended are counted with each
/// person, and what blocked clients hold of them is taken away, if there are any.
fn with_tokens(conn: &mut Conn, has_tokens: bool) -> QueryResult<Written> {
    let counted = match has_tokens {
        true => "users.active_tokens > 0",
        false => "users.active_tokens = 0",
    };
    if !blocked::any(conn)? {
        return Ok(Written::new(counted));
    }
    let either = if has_tokens { " AND users.id NOT IN (" } else { " OR users.id IN (" };
    Ok(Written::new("(").sql(counted).sql(either).then(blocked::idle_people()).sql("))"))
}

fn of_roles(names: &[String]) -> Written {
    let start = Written::new("users.role_id IN (SELECT id FROM roles WHERE name IN (");
    names
        .iter()
        .enumerate()
        .fold(start, |sql, (place, name)| {
            sql.sql(if place == 0 { "" } else { ", " }).bound(name.clone())
        })
        .sql("))")
}

fn over_credits(now: Timestamp) -> Written {
    Written::new("users.account_id IN (").then(accounts_over(now)).sql(")")
}

/// Accounts that have spent more than 80 % of what plan and administrators gave for this month; the
/// same sum as `domain::credit::Credits::of`.
pub(super) fn accounts_over(now: Timestamp) -> Written {
    Written::new(
        "SELECT balance.account_id FROM credit_balances AS balance \
         JOIN accounts ON accounts.id = balance.account_id JOIN plans ON plans.id = accounts.plan_id \
         WHERE balance.spent > 0 AND balance.spent * 5 > \
         (plans.credits_per_month + balance.balance - balance.allowance + balance.spent) * 4 \
         AND balance.period_start = ",
    )
    .number(Span::Month.start(now).0)
}
