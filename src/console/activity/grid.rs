//! `GET /admin/mcp/activity`: the log, newest first. The address holds the whole view.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::PATH;
use super::frame::Frame;
use super::view::{
    Asked, Field, Kind, Preset, View, is_address, is_line, is_person, is_request, outcomes,
};
use crate::clock::Timestamp;
use crate::console::mcp_users::parts;
use crate::domain::audit::Outcome;
use crate::domain::tool::TOOLS;
use crate::error::{ErrorCode, Result};
use crate::service::Ctx;
use crate::service::records::{self, Call, activity};
use crate::store::activity_grid::ActivityQuery;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewRecords};

/// What was called besides tools, in words: the operation of the log, and its label.
const BESIDES: [(&str, &str); 3] = [
    ("gate", "The gate, before any tool"),
    ("resources/read portcullis://taxonomy", "Resource: taxonomy"),
    ("resources/read portcullis://usage", "Resource: usage"),
];

fn operations() -> Vec<(&'static str, &'static str)> {
    TOOLS.iter().map(|row| (row.name, row.name)).chain(BESIDES).collect()
}

fn surfaces() -> Vec<(&'static str, &'static str)> {
    vec![("mcp", "MCP"), ("rest", "REST"), ("console", "This site")]
}

fn is_code(typed: &str) -> bool {
    typed.len() <= 60 && typed.chars().all(|c| c.is_ascii_lowercase() || c == '_')
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
const TOOL: Field = Field { name: "tool", label: "Tool", kind: Kind::Choice(operations) };
const OUTCOME: Field = Field { name: "outcome", label: "Outcome", kind: Kind::Choice(outcomes) };
const CODE: Field = Field {
    name: "code",
    label: "Error code",
    kind: Kind::Text {
        hint: "Such as rate_limit_exceeded",
        check: is_code,
        mend: "enter a code of small letters and _, such as rate_limit_exceeded.",
    },
};
const ADDRESS: Field = Field {
    name: "address",
    label: "IP address",
    kind: Kind::Text {
        hint: "Such as 192.0.2.7",
        check: is_address,
        mend: "enter an IP address such as 192.0.2.7 or 2001:db8::1.",
    },
};
const REQUEST: Field = Field {
    name: "request",
    label: "Request ID",
    kind: Kind::Text {
        hint: "As error pages and answers name it",
        check: is_request,
        mend: "enter letters, digits and hyphens, as answers name it.",
    },
};
const SURFACE: Field = Field { name: "surface", label: "Surface", kind: Kind::Choice(surfaces) };

/// What people filter their own calls by.
pub(in crate::console) const OWN_FIELDS: [Field; 9] =
    [FROM, TO, CLIENT, TOOL, OUTCOME, CODE, ADDRESS, REQUEST, SURFACE];

const FIELDS: &[Field] = &[
    FROM,
    TO,
    Field {
        name: "person",
        label: "Person",
        kind: Kind::Text {
            hint: "E-mail address",
            check: is_person,
            mend: "enter the whole e-mail address.",
        },
    },
    CLIENT,
    TOOL,
    OUTCOME,
    CODE,
    ADDRESS,
    REQUEST,
    SURFACE,
];

const PRESETS: [Preset; 4] = [
    Preset { label: "Refused today", filters: &[("from", "today"), ("outcome", "denied")] },
    Preset { label: "Over limits", filters: &[("outcome", "limited")] },
    Preset { label: "Errors", filters: &[("outcome", "error")] },
    Preset { label: "Reveals", filters: &[("tool", "reveal_contacts")] },
];

/// The view of an address.
pub(super) fn read(now: Timestamp, query: &str) -> Asked {
    Asked::parse(PATH, FIELDS, now, query)
}

/// What the database is asked.
pub(in crate::console) fn to_query(view: &View) -> activity::Asked {
    activity::Asked {
        person: view.value("person"),
        client: view.value("client"),
        own_client: None,
        query: ActivityQuery {
            from: view.from(),
            until: view.until(),
            operation: view.value("tool"),
            outcome: view.value("outcome").and_then(|word| Outcome::parse(&word)),
            code: view.value("code"),
            address: view.value("address"),
            request: view.value("request"),
            surface: view.value("surface"),
            ..ActivityQuery::default()
        },
    }
}

#[derive(Template)]
#[template(path = "activity.html")]
struct GridPage {
    shell: Shell,
    frame: Frame,
    calls: Vec<Call>,
}

/// `GET /admin/mcp/activity`. What the address says wrongly is named, its default used, and the
/// status 400.
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
        match activity::page(&ctx, to_query(view), view.cursor, view.page_size).await {
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
    if let Some(number) = asked.view.value("client")
        && let Some(known) = records::client_by_number(&ctx, number).await?
    {
        asked.tell("client", known);
    }
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let kept = activity::kept(&ctx).await?;
    let template = GridPage {
        shell: Shell::new(&ctx, &request, &viewer),
        frame: Frame::new(&ctx, asked, ("call", "calls"), &PRESETS, &page, kept),
        calls: page.rows,
    };
    Ok(render_with_status(&template, status)?)
}
