//! A form in two steps: what was entered, then a page that says what it will do and asks for the
//! password. Everything entered travels in the page, so that it works without script, and Back and a
//! wrong password lose nothing.

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::console::mcp_users::parts::number;
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::web::flash::Tone;
use crate::web::nav;
use crate::web::page::{Shell, keep_for_back, render_with_status};
use crate::web::viewer::Viewer;

/// What the person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// To be told what the changes will do.
    Ask,
    /// To make them.
    Confirm,
    /// To go back to the form.
    Edit,
}

/// The fields of a posted form.
#[derive(Debug, Clone)]
pub(super) struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The last value of that name; empty if there is none.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All values of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Which step it is.
    pub fn step(&self) -> Step {
        match self.one("step") {
            "confirm" => Step::Confirm,
            "edit" => Step::Edit,
            _ => Step::Ask,
        }
    }
}

/// The complaint about a field.
pub(super) fn problem<'a>(errors: &'a [Error], name: &str) -> Option<&'a str> {
    errors
        .iter()
        .find(|error| error.param.as_deref() == Some(name))
        .map(|error| error.message.as_ref())
}

/// Whether what is wrong is put right in the field of the password, or is the throttle on it.
pub(super) fn is_of_the_password(error: &Error) -> bool {
    matches!(error.code, ErrorCode::WrongPassword | ErrorCode::RateLimitExceeded)
}

/// Whether what is wrong can be said beside the form.
pub(super) fn is_of_the_form(error: &Error) -> bool {
    let codes = [ErrorCode::InvalidRequest, ErrorCode::Conflict, ErrorCode::PermissionDenied];
    is_of_the_password(error) || codes.contains(&error.code)
}

/// Something that will change.
#[derive(Debug)]
pub(super) struct Change {
    /// What.
    pub title: String,
    /// What it is now, if that is worth saying.
    pub old: Option<String>,
    /// What it becomes.
    pub new: String,
    /// What follows from it.
    pub note: String,
}

impl Change {
    /// A consequence without values.
    pub fn note(note: impl Into<String>) -> Self {
        Self { title: String::new(), old: None, new: String::new(), note: note.into() }
    }
}

/// The page between form and deed.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub shell: Shell,
    pub errors: Vec<Error>,
    pub heading: String,
    /// The way here: labels with their pages.
    pub crumbs: Vec<(String, String)>,
    pub changes: Vec<Change>,
    /// Where the form goes.
    pub action: String,
    /// What was entered.
    pub fields: Vec<(&'static str, String)>,
    /// Whose password is asked for.
    pub username: String,
    /// What the button says.
    pub verb: &'static str,
    pub is_dangerous: bool,
    /// Where Cancel leads.
    pub cancel: String,
    /// Whether there is a form to go back to.
    pub has_form: bool,
}

impl Confirm {
    /// A page at `path`, which the navigation knows.
    pub fn new(ctx: &Ctx, request: &HttpRequest, viewer: &Viewer, path: &str) -> Self {
        Self {
            shell: Shell { path: path.to_owned(), ..Shell::new(ctx, request, viewer) },
            errors: Vec::new(),
            heading: String::new(),
            crumbs: Vec::new(),
            changes: Vec::new(),
            action: String::new(),
            fields: Vec::new(),
            username: viewer.user.email.clone(),
            verb: "Save changes",
            is_dangerous: false,
            cancel: path.to_owned(),
            has_form: true,
        }
    }

    /// The group of the navigation that the page is in, unless the way here begins with it.
    fn group(&self) -> Option<&'static str> {
        let is_here = |group: &nav::Shown| group.entries.iter().any(|(_, is_shown)| *is_shown);
        let label = self.shell.navigation().into_iter().find(is_here)?.label;
        let is_said = self.crumbs.first().is_some_and(|(first, _)| first == label);
        Some(label).filter(|label| !label.is_empty() && !is_said)
    }

    /// What is asked, without the mark: what the page is called on the way here.
    fn act(&self) -> &str {
        self.heading.trim_end_matches('?')
    }

    /// The complaints that belong to the password's field.
    fn of_password(&self) -> Vec<Error> {
        self.errors
            .iter()
            .filter(|error| error.param.as_deref() == Some("password"))
            .map(|error| Error::field("password", error.message.clone()))
            .collect()
    }

    /// The page, with what was wrong the last time.
    pub fn answer(mut self, error: Option<Error>) -> Result<HttpResponse> {
        let error = error.map(|error| match is_of_the_password(&error) {
            true => Error { param: error.param.or(Some("password".into())), ..error },
            false => error,
        });
        self.errors = error.into_iter().collect();
        let status = status(&self.errors);
        let retry_after = self.errors.iter().find_map(|error| error.retry_after);
        let mut response = render_with_status(&self, status)?;
        keep_for_back(&mut response);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        Ok(response)
    }
}

/// The status of a page that shows these.
pub(super) fn status(errors: &[Error]) -> u16 {
    errors.first().map_or(200, |error| error.code.status())
}

/// So many of something, in words.
pub(super) fn counted(count: &i64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if *count == 1 { one } else { many })
}
