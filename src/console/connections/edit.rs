//! A connection's own name, and what it may do: fewer, never more.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::PATH;
use super::revoke::{ConnectionLine, connection_id};
use crate::console::problems::{Password, Problems, for_the_form};
use crate::domain::scope::{Scope, ScopeRow, ScopeSet};
use crate::error::{Error, ErrorCode};
use crate::ids::ConsentId;
use crate::service::Ctx;
use crate::service::connections::{self, Connection, Edit, Edited, LONGEST_LABEL};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::Viewer;

/// A permission with its box.
struct Choice {
    row: &'static ScopeRow,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "connection_edit.html")]
struct EditPage {
    shell: Shell,
    errors: Vec<Error>,
    connection: ConnectionLine,
    label: String,
    choices: Vec<Choice>,
}

impl EditPage {
    /// What is wrong with a field.
    fn of(&self, field: &str) -> Vec<&Error> {
        self.errors.iter().filter(|error| error.param.as_deref() == Some(field)).collect()
    }
}

/// The form: what was shown and what of it is still ticked, so that a permission that came
/// meanwhile is not taken by a page that did not show it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EditForm {
    label: String,
    shown: Vec<String>,
    scope: Vec<String>,
}

impl EditForm {
    fn ticked(&self) -> ScopeSet {
        ScopeSet::parse_known(&self.scope.join(" "))
    }

    fn edit(&self) -> Edit {
        let ticked = self.ticked();
        let shown = ScopeSet::parse_known(&self.shown.join(" "));
        let withdrawn = shown.iter().filter(|scope| !ticked.contains(*scope)).collect();
        Edit { label: self.label.clone(), withdrawn }
    }
}

/// `GET /dashboard/settings/mcp/connections/{connection}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn edit_form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let connection = connections::own_one(&ctx, viewer.user.id, connection_id(&path)?).await?;
    let ticked = ScopeSet::parse_known(&connection.row.scopes);
    let label = connection.row.label.clone();
    let shell = Shell::new(&ctx, &request, &viewer);
    Ok(render(&page(shell, connection, label, &ticked, Vec::new()))?)
}

/// `POST /dashboard/settings/mcp/connections/{connection}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn edit_connection(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    session: Session,
    path: web::Path<String>,
    form: Form<EditForm>,
) -> Result<HttpResponse, Failure> {
    let id = connection_id(&path)?;
    match edit(&ctx, &viewer, id, &form.0).await {
        Ok(edited) => {
            let (tone, text) = told(&edited);
            flash::put(&session, tone, text);
            Ok(see_other(PATH))
        }
        Err(errors) => {
            let errors = for_the_form(errors, |error| {
                error.code == ErrorCode::InvalidRequest && error.param.is_some()
            })?;
            let connection = connections::own_one(&ctx, viewer.user.id, id).await?;
            let shell = Shell::new(&ctx, &request, &viewer);
            let ticked = form.0.ticked();
            let template = page(shell, connection, form.0.label, &ticked, errors);
            let mut response = render(&template)?;
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        }
    }
}

async fn edit(
    ctx: &Ctx,
    viewer: &Viewer,
    id: ConsentId,
    form: &EditForm,
) -> Result<Edited, Vec<Error>> {
    let wanted = form.edit();
    let mut problems = Problems::default();
    let label = problems.keep(wanted.label().map(|_| ()));
    let scopes = problems.keep(match form.ticked().allows_anything() {
        true => Ok(()),
        false => Err(connections::nothing_left()),
    });
    problems.unless(label.zip(scopes), Password::NotAsked)?;
    connections::edit(ctx, &viewer.actor, viewer.user.id, id, wanted)
        .await
        .map_err(|error| vec![error])
}

fn page(
    shell: Shell,
    connection: Connection,
    label: String,
    ticked: &ScopeSet,
    errors: Vec<Error>,
) -> EditPage {
    let connection = ConnectionLine::new(connection, false);
    let offered = connection.scopes.iter().filter(|row| row.scope != Scope::OfflineAccess);
    let choices =
        offered.map(|row| Choice { row, is_ticked: ticked.contains(row.scope) }).collect();
    EditPage { shell, errors, connection, label, choices }
}

/// What was done, in words.
fn told(edited: &Edited) -> (Tone, String) {
    let name = &edited.name;
    let taken = edited.withdrawn.iter().count();
    let narrowed = match taken {
        0 => String::new(),
        1 => format!("{name} has one permission less from its very next request on."),
        more => format!("{name} has {more} permissions less from its very next request on."),
    };
    match (edited.is_renamed, taken) {
        (false, 0) => (Tone::Warn, "Nothing was changed.".to_owned()),
        (true, 0) => (Tone::Ok, format!("Saved. It is called {name} now.")),
        (_, _) => (Tone::Ok, format!("Saved. {narrowed}")),
    }
}
