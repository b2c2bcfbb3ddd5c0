//! `GET /admin/mcp/audit`: the log, newest first. The address holds the whole view.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::PATH;
use crate::clock::Timestamp;
use crate::console::activity::frame::Frame;
use crate::console::activity::view::{
    Asked, Field, Kind, Preset, View, is_address, is_line, is_person, is_request, outcomes,
};
use crate::domain::audit::{ACTIONS, Action, GROUPS, Outcome, thing};
use crate::error::{ErrorCode, Result};
use crate::service::Ctx;
use crate::service::records;
use crate::service::records::audit::{self, Entry};
use crate::store::audit_grid::AuditQuery;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewRecords};

/// What administrators alone do, across the groups: its name in addresses, and its label.
const CHANGES: (&str, &str) = ("changes", "Admin changes");

fn is_thing(typed: &str) -> bool {
    thing(typed).is_some()
}

fn groups() -> Vec<(&'static str, &'static str)> {
    GROUPS.iter().map(|row| (row.1, row.2)).chain([CHANGES]).collect()
}

const FROM: Field = Field { name: "from", label: "From", kind: Kind::Day };
const TO: Field = Field { name: "to", label: "To", kind: Kind::Day };
const CLIENT: Field = Field {
    name: "client",
    label: "Client",
    kind: Kind::Text {
        hint: "Name or client ID",
        check: is_line,
        mend: "enter the whole name or client ID, at most 200 characters.",
    },
};
const ACTION: Field = Field { name: "action", label: "Action", kind: Kind::Choice(groups) };
const OUTCOME: Field = Field { name: "outcome", label: "Outcome", kind: Kind::Choice(outcomes) };

/// What people filter their own entries by.
pub(in crate::console) const OWN_FIELDS: [Field; 5] = [FROM, TO, CLIENT, ACTION, OUTCOME];

const FIELDS: &[Field] = &[
    FROM,
    TO,
    Field {
        name: "person",
        label: "Person, acting or concerned",
        kind: Kind::Text {
            hint: "E-mail address",
            check: is_person,
            mend: "enter the whole e-mail address.",
        },
    },
    CLIENT,
    Field {
        name: "thing",
        label: "Thing",
        kind: Kind::Text {
            hint: "Such as plan Starter",
            check: is_thing,
            mend: "enter account, plan, role, client or API key, and its name or number, such as plan Starter or account 7.",
        },
    },
    ACTION,
    OUTCOME,
    Field {
        name: "address",
        label: "IP address",
        kind: Kind::Text {
            hint: "Such as 192.0.2.7",
            check: is_address,
            mend: "enter an IP address such as 192.0.2.7 or 2001:db8::1.",
        },
    },
    Field {
        name: "request",
        label: "Request ID",
        kind: Kind::Text {
            hint: "All that one request did",
            check: is_request,
            mend: "enter letters, digits and hyphens, as pages and answers name it.",
        },
    },
];

const PRESETS: [Preset; 4] = [
    Preset { label: "Denied today", filters: &[("from", "today"), ("outcome", "denied")] },
    Preset { label: "Admin changes", filters: &[("action", "changes")] },
    Preset { label: "Sign-ins", filters: &[("action", "sign_ins")] },
    Preset { label: "Reuse alarms", filters: &[("action", "alarms")] },
];

/// The view of an address.
pub(super) fn read(now: Timestamp, query: &str) -> Asked {
    Asked::parse(PATH, FIELDS, now, query)
}

/// The actions of a group.
fn actions(name: &str) -> Vec<Action> {
    let group = GROUPS.iter().find(|row| row.1 == name).map(|row| row.0);
    ACTIONS
        .iter()
        .filter(|row| group.map_or(row.is_administrative, |group| row.group == group))
        .map(|row| row.action)
        .collect()
}

/// What the database is asked.
pub(in crate::console) fn to_query(view: &View) -> audit::Asked {
    audit::Asked {
        person: view.value("person"),
        client: view.value("client"),
        thing: view.value("thing"),
        query: AuditQuery {
            from: view.from(),
            until: view.until(),
            actions: view.value("action").map(|name| actions(&name)),
            outcome: view.value("outcome").and_then(|word| Outcome::parse(&word)),
            address: view.value("address"),
            request: view.value("request"),
            ..AuditQuery::default()
        },
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct GridPage {
    shell: Shell,
    frame: Frame,
    entries: Vec<Entry>,
}

/// `GET /admin/mcp/audit`. What the address says wrongly is named, its default used, and the status
/// 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn grid(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewRecords>,
) -> Result<HttpResponse, Failure> {
    let mut asked = read(ctx.clock.now(), request.query_string());
    let page = loop {
        let view = &asked.view;
        match audit::page(&ctx, to_query(view), view.cursor, view.page_size).await {
            Err(error) if error.code == ErrorCode::InvalidRequest && error.param.is_some() => {
                asked.refuse(error);
            }
            page => break page?,
        }
    };
    if let Some(number) = asked.view.value("person")
        && let Some(known) = records::person_by_number(&ctx, number).await?
    {
        asked.tell("person", known);
    }
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let kept = audit::kept(&ctx).await?;
    let template = GridPage {
        shell: Shell::new(&ctx, &request, &viewer),
        frame: Frame::new(&ctx, asked, ("entry", "entries"), &PRESETS, &page, kept),
        entries: page.rows,
    };
    Ok(render_with_status(&template, status)?)
}
