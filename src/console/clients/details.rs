//! `GET /admin/mcp/clients/{client}`: everything about one client, with its connections.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::query::PATH;
use super::{how_in_words, method_in_words, path_of, whom};
use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts::{Pager, last_page};
use crate::console::mcp_users::query;
use crate::domain::access::Permission;
use crate::domain::records::{COUNTED_DAYS, counted_from};
use crate::domain::scope::{ScopeRow, ScopeSet};
use crate::error::Error;
use crate::service::Ctx;
use crate::service::clients::{self, MOST_CONNECTIONS, Touched, Whom};
use crate::store::client_connections::ConnectionRow;
use crate::store::client_figures::Figures;
use crate::store::client_grid::Trust;
use crate::store::clients::DetailRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewClients};

/// A connection as it is shown.
struct Line {
    about: ConnectionRow,
    scopes: Vec<&'static ScopeRow>,
}

impl Line {
    fn new(about: ConnectionRow) -> Self {
        let scopes = ScopeSet::parse_known(&about.scopes).iter().map(|scope| scope.row()).collect();
        Self { about, scopes }
    }
}

#[derive(Template)]
#[template(path = "client.html")]
struct ClientPage {
    shell: Shell,
    now: Timestamp,
    client: DetailRow,
    trust: Trust,
    path: String,
    host: String,
    how: &'static str,
    method: &'static str,
    touched: Touched,
    figures: Figures,
    connections: Vec<Line>,
    total: i64,
    pager: Pager,
}

impl ClientPage {
    /// Until when the old secret works, if it still does.
    fn old_secret_until(&self) -> Option<Timestamp> {
        self.client.old_secret_until(self.now)
    }

    /// The first of the days over which calls are counted.
    fn calls_from(&self) -> String {
        counted_from(self.now).to_utc().format("%Y-%m-%d").to_string()
    }

    /// Whether a connection has anything that the person who looks may revoke.
    fn may_end(&self, line: &Line) -> bool {
        line.about.working > 0
            && self.shell.may(Permission::ViewMcpUsers)
            && self.shell.may(Permission::RevokeTokens)
    }
}

/// `GET /admin/mcp/clients/{client}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn details(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewClients>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let Whom::Client(id) = whom(&path)? else {
        return Err(Error::not_found("There is no such client.").into());
    };
    let client = clients::details(&ctx, id).await?;
    let asked = query::page(parameter(request.query_string(), "page").trim()).unwrap_or(1);
    let (connections, total, page) = clients::connections(&ctx, id, asked).await?;
    let path = path_of(Whom::Client(id));
    let last = last_page(total, MOST_CONNECTIONS);
    let at = |page: i64| format!("{path}?page={page}#connections");
    let template = ClientPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now: ctx.clock.now(),
        trust: Trust::from_stored(&client.trust),
        host: client.redirect_host(),
        how: how_in_words(&client.registration),
        method: method_in_words(&client.auth_method),
        touched: clients::touched(&ctx, Whom::Client(id)).await?,
        figures: clients::figures_of(&ctx, id).await?,
        connections: connections.into_iter().map(Line::new).collect(),
        total,
        pager: Pager {
            path: "",
            page,
            last,
            previous: (page > 1).then(|| at(page - 1)),
            next: (page < last).then(|| at(page + 1)),
            hidden: Vec::new(),
        },
        path,
        client,
    };
    Ok(render(&template)?)
}
