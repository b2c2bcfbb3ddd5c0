//! Saved views: those that come with the grid and a person's own. A view is the address of the
//! grid, so that it can be kept as a bookmark or mailed.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::back::parameter;
use super::query::{Asked, Columns, PATH, Unused, View};
use crate::domain::access::Permission;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::GridViewId;
use crate::service::Ctx;
use crate::service::views::{self, Change, MCP_USERS};
use crate::store::grid::GridSort;
use crate::store::views::ViewRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ViewMcpUsers, Viewer};

/// A view as a link.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Its address.
    pub href: String,
    /// Whether it is the one shown.
    pub is_current: bool,
}

/// The views that come with the grid.
fn built_in() -> [(&'static str, View); 6] {
    let all = View::default();
    let with_credits = all
        .columns
        .shown()
        .map(|column| column.sort)
        .chain([GridSort::Credits])
        .collect::<Vec<_>>();
    let [everybody, enabled, never, dormant, expired, spenders] = views::BUILT_IN;
    [
        (everybody, all.clone()),
        (enabled, View { access: Some(true), ..all.clone() }),
        (never, View { unused: Some(Unused::Never), ..all.clone() }),
        (dormant, View { unused: Some(Unused::Days(90)), ..all.clone() }),
        (expired, View { has_expired: true, ..all.clone() }),
        (spenders, View { over_credits: true, columns: Columns::of(&with_credits), ..all }),
    ]
}

/// The views that come with the grid, as links beside `shown`.
pub fn built_in_links(shown: &View) -> Vec<Link> {
    let shown = shown.at_page(1);
    built_in()
        .into_iter()
        .map(|(name, view)| Link {
            name: name.to_owned(),
            href: view.href(),
            is_current: view == shown,
        })
        .collect()
}

/// A person's own views as links beside `shown`. One that cannot be read any more leads to what is
/// left of it, and the grid names what is wrong.
pub fn own_links(own: &[ViewRow], shown: &View) -> Vec<Link> {
    let shown = shown.at_page(1);
    own.iter().map(|row| link(row, row.name.clone(), &shown)).collect()
}

/// The views that others share as links beside `shown`, each with its owner's name.
pub fn shared_links(shared: &[(ViewRow, String)], shown: &View) -> Vec<Link> {
    let shown = shown.at_page(1);
    shared.iter().map(|(row, owner)| link(row, format!("{} ({owner})", row.name), &shown)).collect()
}

fn link(row: &ViewRow, name: String, shown: &View) -> Link {
    let asked = Asked::parse(&row.query);
    let is_readable = asked.problems.is_empty();
    let href = match is_readable {
        true => asked.view.href(),
        false => format!("{PATH}?{}", row.query),
    };
    Link { name, href, is_current: is_readable && asked.view == *shown }
}

/// Where a bare address leads: to the view that the person chose for it. One that cannot be read
/// is left out, and that is said.
pub fn opening(own: &[ViewRow], session: &Session) -> Option<String> {
    let row = own.iter().find(|row| row.is_default)?;
    let asked = Asked::parse(&row.query);
    if let Some(problem) = asked.problems.first() {
        let text = format!(
            "Your view “{}” cannot be read any more, so everybody is shown. {}",
            row.name, problem.message
        );
        flash::put(session, Tone::Warn, text);
        return Some(View::default().href());
    }
    Some(asked.view.href())
}

#[derive(Template)]
#[template(path = "mcp_users_views.html")]
struct ViewsPage {
    shell: Shell,
    errors: Vec<Error>,
    own: Vec<(ViewRow, Link)>,
    /// What others share: name, owner and link.
    shared: Vec<(ViewRow, String, Link)>,
    /// Whether the person who looks may share.
    may_share: bool,
    /// The view to save, as an address and in words.
    href: String,
    back: String,
    words: String,
    /// What was typed as a name.
    name: String,
}

async fn show(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    back: &str,
    name: String,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let own = views::own(ctx, viewer.user.id, MCP_USERS).await?;
    let view = Asked::parse(back).view.at_page(1);
    let links = own_links(&own, &view);
    let shared = views::shared(ctx, viewer.user.id, MCP_USERS).await?;
    let shared_links = shared_links(&shared, &view);
    let shared = shared.into_iter().zip(shared_links);
    let status = error.as_ref().map_or(200, |error| error.code.status());
    let template = ViewsPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        errors: error.into_iter().collect(),
        own: own.into_iter().zip(links).collect(),
        shared: shared.map(|((row, owner), link)| (row, owner, link)).collect(),
        may_share: viewer.may(Permission::ManageUsers),
        href: view.href(),
        words: super::parts::filters_in_words(&view),
        back: view.to_query_string(),
        name,
    };
    let mut response = render_with_status(&template, status)?;
    *response.status_mut() = StatusCode::from_u16(status).map_err(Error::internal)?;
    Ok(response)
}

/// `GET /admin/mcp/users/views`: the own views, and saving the one in `back`.
///
/// # Errors
/// When the database cannot answer.
pub async fn views(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
) -> Result<HttpResponse, Failure> {
    let back = parameter(request.query_string(), "back");
    Ok(show(&ctx, &request, &viewer, &back, String::new(), None).await?)
}

/// The forms of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ViewForm {
    back: String,
    name: String,
    default: String,
    change: String,
}

/// `POST /admin/mcp/users/views`: saves a view under a name.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn save_view(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
    session: Session,
    form: Form<ViewForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    let view = Asked::parse(&form.back).view.at_page(1);
    let (query, is_default) = (view.to_query_string(), form.default == "yes");
    match views::save(&ctx, viewer.user.id, MCP_USERS, &form.name, query, is_default).await {
        Ok(()) => {
            flash::put(&session, Tone::Ok, format!("Saved the view “{}”.", form.name.trim()));
            Ok(see_other(&view.href()))
        }
        Err(error) if error.code == ErrorCode::InvalidRequest => {
            Ok(show(&ctx, &request, &viewer, &form.back, form.name, Some(error)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/mcp/users/views/{view}`: renames, replaces, shares or deletes a view, or lets the grid
/// open with it. Only its owner can; sharing needs the permission to manage users.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn change_view(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewMcpUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<ViewForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    let id: GridViewId = path.parse().map_err(|_| Error::not_found("There is no such view."))?;
    let view = Asked::parse(&form.back).view.at_page(1);
    let (change, done) = match form.change.as_str() {
        "rename" => (Change::Rename(form.name.clone()), "Renamed"),
        "replace" => (Change::Replace(view.to_query_string()), "Updated"),
        "default" => (Change::Default, "The list opens with"),
        "no_default" => (Change::NoDefault, "The list no longer opens with"),
        "share" => {
            viewer.require(&request, Permission::ManageUsers).await?;
            (Change::Share(true), "Everybody who sees this list is offered")
        }
        "unshare" => (Change::Share(false), "Only you see"),
        "delete" => (Change::Delete, "Deleted"),
        _ => return Err(Error::field("change", "Choose what is to be done with the view.").into()),
    };
    match views::change(&ctx, viewer.user.id, MCP_USERS, id, change).await {
        Ok(row) => {
            flash::put(&session, Tone::Ok, format!("{done} the view “{}”.", row.name));
            let back = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("back", &form.back)
                .finish();
            Ok(see_other(&format!("{PATH}/views?{back}")))
        }
        Err(error) if error.code == ErrorCode::InvalidRequest => {
            Ok(show(&ctx, &request, &viewer, &form.back, String::new(), Some(error)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_that_comes_with_the_grid_is_an_address() {
        for (name, view) in built_in() {
            let (_, query) =
                view.href().split_once('?').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
            let asked = Asked::parse(&query);
            assert!(asked.problems.is_empty(), "{name}");
            assert_eq!(asked.view, view, "{name}");
            let current: Vec<_> = built_in_links(&view.at_page(3))
                .into_iter()
                .filter(|link| link.is_current)
                .collect();
            assert_eq!(current.len(), 1);
            assert_eq!(current[0].name, name);
        }
    }
}
