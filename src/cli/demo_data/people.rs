//! Accounts and users of the sample.

use diesel::prelude::*;

use super::{ADMIN_EMAIL, DAY, MEMBER_EMAIL};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{accounts, plans, roles, users};
use crate::domain::access::{ADMINISTRATOR, AUDITOR, MEMBER};
use crate::error::Result;

/// The accounts: name, domain of its people, plan.
pub(super) const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("Demo Trading Company", "demo.example", "Enterprise"),
    ("Lantern & Loom", "lantern-loom.example", "Business"),
    ("Pebble Street Studio", "pebble-street.example", "Starter"),
    ("Quill Cove", "quill-cove.example", "Free"),
];

/// The users besides administrator and member of the demo: some of everything.
const NAMES: [&str; 38] = [
    "Auden Ridge",
    "Bea Lockhart",
    "Caspar Wold",
    "Delia Frost",
    "Emil Harrow",
    "Fay Thistle",
    "Gideon Marsh",
    "Hetty Vale",
    "Ivo Sand",
    "Juno Calder",
    "Kit Farrow",
    "Leda Moor",
    "Milo Quay",
    "Nora Heath",
    "Otis Glen",
    "Petra Dune",
    "Quentin Lake",
    "Rhea Birch",
    "Silas Ford",
    "Tilda Croft",
    "Ugo Stream",
    "Viola Peak",
    "Wendel Cove",
    "Xander Holm",
    "Yara Field",
    "Zeno Bridge",
    "Alma Tide",
    "Boris Knoll",
    "Celia Burn",
    "Dov Shore",
    "Etta Wharf",
    "Felix Strand",
    "Gwen Hollow",
    "Hal Copse",
    "Iris Brook",
    "Jory Fell",
    "Kira Lea",
    "Lorne Haven",
];

/// What a user of the sample is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has clients connected and uses them.
    Busy,
    /// Had a client and has not used it for months.
    Dormant,
    /// May connect clients and never has.
    NeverConnected,
    /// Had clients; MCP access was then disabled.
    Disabled,
    /// Never had MCP access.
    NeverEnabled,
    /// Had clients; was then suspended, and all tokens revoked.
    Suspended,
    /// Was invited and has not come yet.
    Invited,
}

/// A user of the sample.
pub(super) struct Person {
    pub id: i64,
    pub account: i64,
    /// Whether the account's plan gives API access.
    pub has_api: bool,
    pub email: String,
    pub kind: Kind,
    pub created_at: i64,
}

/// Writes accounts and users.
pub(super) fn load(
    conn: &mut Conn,
    now: Timestamp,
    hash_admin: &str,
    hash_member: &str,
) -> Result<Vec<Person>> {
    let mut owners = Vec::new();
    for (place, (name, domain, plan)) in (0..).zip(ACCOUNTS) {
        let (plan, has_api): (i64, bool) = plans::table
            .filter(plans::name.eq(plan))
            .select((plans::id, plans::api_access))
            .first(conn)?;
        let id: i64 = diesel::insert_into(accounts::table)
            .values((
                accounts::name.eq(name),
                accounts::plan_id.eq(plan),
                accounts::created_at.eq(now.0 - (300 - 20 * place) * DAY),
            ))
            .returning(accounts::id)
            .get_result(conn)?;
        owners.push((id, has_api, domain));
    }
    let role = |conn: &mut Conn, name: &str| -> QueryResult<i64> {
        roles::table.filter(roles::name.eq(name)).select(roles::id).first(conn)
    };
    let administrator = role(conn, ADMINISTRATOR.name)?;
    let auditor = role(conn, AUDITOR.name)?;
    let member = role(conn, MEMBER.name)?;

    let mut people = Vec::new();
    let named = [("Demo Administrator", ADMIN_EMAIL), ("Demo Member", MEMBER_EMAIL)];
    let named = named.map(|(name, email)| (name, Some(email))).into_iter();
    let all = named.chain(NAMES.map(|name| (name, None)));
    for (place, ((name, email), owner)) in (0_i64..).zip(all.zip(owners.iter().cycle())) {
        // The two of the demo are of one team, so that the administrator sees the member.
        let (account, has_api, domain) =
            if email.is_some() { owners.first().unwrap_or(owner) } else { owner };
        let kind = if email.is_some() { Kind::Busy } else { kind(place) };
        let email = email.map_or_else(
            || format!("{}@{domain}", name.to_lowercase().replace(' ', ".")),
            str::to_owned,
        );
        let created_at = now.0 - (200 - 3 * place) * DAY - place * 977_000;
        let row = users::table;
        let id: i64 = diesel::insert_into(row)
            .values((
                users::subject.eq(format!("demo-user-{place:02}")),
                users::account_id.eq(account),
                users::role_id.eq(match place {
                    0 | 7 => administrator,
                    2 | 15 => auditor,
                    _ => member,
                }),
                users::email.eq(&email),
                users::name.eq(name),
                users::password_hash.eq(match place {
                    0 => Some(hash_admin),
                    1 => Some(hash_member),
                    _ => None,
                }),
                users::status.eq(if kind == Kind::Suspended { "suspended" } else { "active" }),
                users::mcp_enabled.eq(!matches!(kind, Kind::Disabled | Kind::NeverEnabled)),
                users::mcp_added_at.eq((kind != Kind::NeverEnabled).then_some(created_at)),
                users::created_at.eq(created_at),
                users::invited_at.eq((kind == Kind::Invited).then_some(now.0 - 2 * DAY)),
            ))
            .returning(users::id)
            .get_result(conn)?;
        people.push(Person { id, account: *account, has_api: *has_api, email, kind, created_at });
    }
    Ok(people)
}

fn kind(place: i64) -> Kind {
    match place % 10 {
        3 if place > 30 => Kind::Invited,
        3 => Kind::NeverConnected,
        4 if place > 10 => Kind::Dormant,
        5 => Kind::Disabled,
        6 if place > 10 => Kind::NeverEnabled,
        8 => Kind::Suspended,
        _ => Kind::Busy,
    }
}
