//! The application: its state and the whole route table.
//!
//! Every route is listed once, with who may use it. The handler's signature enforces what the
//! table says; a test walks the table and asks as nobody, as the wrong role and without a token.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpServer, dev::Server, guard, web};

use crate::api;
use crate::console::{
    account, accounts, activity, api_keys, audit, clients, connections, dashboard, explore, health,
    index, invite, login, manual, mcp_settings, mcp_users, metrics, overview, own_records,
    password, plans, roles, setup, signing_keys, theme, usage, user_edit, users, verify,
};
use crate::domain::access::Permission;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::error::{Error, ErrorCode, Result};
use crate::oauth::{authorize, introspect, jwks, metadata, register, revoke, token, userinfo};
use crate::service::Ctx;
use crate::service::metrics::RouteCounters;
use crate::web::carried::carried;
use crate::web::error::{Audience, Failure};
use crate::web::outer::{frame, outer};
use crate::web::{assets, nav, session};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Anyone,
    /// A signed-in person.
    SignedIn,
    /// A signed-in person with the permission.
    With(Permission),
    /// Whoever has a key of the REST API.
    Key,
    /// Whoever watches the server from this machine or its private network, past no proxy.
    Nearby,
}

/// A route, as the table lists it.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path with its variables.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

macro_rules! routes {
    ($($path:literal { $($method:ident $access:expr => $handler:path),+ $(,)? })+) => {
        /// The route table.
        pub const ROUTES: &[Route] = {
            use Access::*;
            use Permission::*;
            &[$($(Route { method: stringify!($method), path: $path, access: $access }),+),+]
        };

        fn routes(config: &mut web::ServiceConfig) {
            $(config.service(
                web::resource($path)
                    .app_data(RouteCounters::new($path))
                    $(.route(web::route().guard(method(stringify!($method))).to($handler)))+
                    .default_service(web::to(|request: HttpRequest| {
                        wrong_method(request, &[$(stringify!($method)),+])
                    })),
            );)+
        }
    };
}

routes! {
    "/" { GET Anyone => login::home }
    "/setup" { GET Anyone => setup::form, POST Anyone => setup::submit }
    "/login" { GET Anyone => login::form, POST Anyone => login::submit }
    "/login/verify" { GET Anyone => verify::form, POST Anyone => verify::submit }
    "/invite/{token}" { GET Anyone => invite::form, POST Anyone => invite::submit }
    "/forgot-password" { GET Anyone => password::forgot, POST Anyone => password::ask }
    "/reset-password" { GET Anyone => password::form, POST Anyone => password::submit }
    "/logout" { POST SignedIn => login::logout }
    "/dashboard" { GET SignedIn => dashboard::show }
    "/dashboard/stores" { GET SignedIn => explore::stores, POST SignedIn => explore::search_stores }
    "/dashboard/stores/{domain}" { GET SignedIn => explore::store }
    "/dashboard/contacts" { GET SignedIn => explore::contacts, POST SignedIn => explore::search_contacts }
    "/dashboard/contacts/reveal" { GET SignedIn => explore::confirm_reveal, POST SignedIn => explore::reveal }
    "/dashboard/contacts/revealed" { GET SignedIn => explore::revealed }
    "/dashboard/contacts/revealed/export" { GET SignedIn => explore::export_revealed }
    "/dashboard/usage" { GET SignedIn => usage::show }
    "/dashboard/usage/export" { GET SignedIn => usage::export }
    "/dashboard/activity" { GET SignedIn => own_records::activity }
    "/dashboard/activity/export" { GET SignedIn => own_records::export_activity }
    "/dashboard/audit" { GET SignedIn => own_records::audit }
    "/dashboard/audit/export" { GET SignedIn => own_records::export_audit }
    "/dashboard/settings/mcp" { GET SignedIn => connections::show }
    "/dashboard/settings/mcp/check" { GET SignedIn => connections::ask_check, POST SignedIn => connections::run_check }
    "/dashboard/settings/mcp/connections/{connection}" { GET SignedIn => connections::edit_form, POST SignedIn => connections::edit_connection }
    "/dashboard/settings/mcp/connections/{connection}/revoke" { GET SignedIn => connections::confirm_revoke_connection, POST SignedIn => connections::revoke_connection }
    "/dashboard/settings/mcp/tokens" { GET SignedIn => connections::token_form, POST SignedIn => connections::create_token }
    "/dashboard/settings/mcp/tokens/{token}/revoke" { GET SignedIn => connections::confirm_revoke_token, POST SignedIn => connections::revoke_token }
    "/account" { GET SignedIn => account::show, POST SignedIn => account::save }
    "/account/email" { GET SignedIn => account::email_form, POST SignedIn => account::ask_email }
    "/account/email/confirm" { GET Anyone => account::email_link, POST Anyone => account::confirm_email }
    "/account/password" { GET SignedIn => account::password_form, POST SignedIn => account::set_password }
    "/account/sessions/end" { POST SignedIn => account::end_others }
    "/account/sessions/{session}/end" { POST SignedIn => account::end_session }
    "/account/two-factor" { GET SignedIn => account::two_factor, POST SignedIn => account::set_up_two_factor }
    "/account/two-factor/on" { POST SignedIn => account::turn_on_two_factor }
    "/account/two-factor/off" { GET SignedIn => account::ask_turn_off, POST SignedIn => account::turn_off_two_factor }
    "/account/two-factor/codes" { GET SignedIn => account::ask_codes, POST SignedIn => account::renew_codes }
    "/account/confirmation" { GET SignedIn => account::window, POST SignedIn => account::end_window }
    "/dashboard/settings/api-keys" { GET SignedIn => api_keys::show }
    "/dashboard/settings/api-keys/new" { GET SignedIn => api_keys::form, POST SignedIn => api_keys::create }
    "/dashboard/settings/api-keys/{key}/rotate" { GET SignedIn => api_keys::ask_rotate, POST SignedIn => api_keys::rotate }
    "/dashboard/settings/api-keys/{key}/revoke" { GET SignedIn => api_keys::confirm_revoke, POST SignedIn => api_keys::revoke }
    "/account/theme" { POST SignedIn => theme::set }

    "/admin" { GET With(ViewMcpUsers) => overview::show }
    "/admin/stop/endpoint" { GET With(ManageSettings) => overview::confirm_close, POST With(ManageSettings) => overview::close }
    "/admin/stop/everything" { GET With(RevokeTokens) => overview::confirm_revoke, POST With(RevokeTokens) => overview::revoke }
    "/admin/mcp/users" { GET With(ViewMcpUsers) => mcp_users::grid }
    "/admin/mcp/users/act" { GET With(ViewMcpUsers) => mcp_users::choose }
    "/admin/mcp/users/act/revoke" { GET With(RevokeTokens) => mcp_users::confirm_revoke_many, POST With(RevokeTokens) => mcp_users::revoke_many }
    "/admin/mcp/users/act/enable" { GET With(ManageMcpAccess) => mcp_users::confirm_enable_many, POST With(ManageMcpAccess) => mcp_users::enable_many }
    "/admin/mcp/users/act/disable" { GET With(ManageMcpAccess) => mcp_users::confirm_disable_many, POST With(ManageMcpAccess) => mcp_users::disable_many }
    "/admin/mcp/users/export" { GET With(ViewMcpUsers) => mcp_users::export }
    "/admin/mcp/users/views" { GET With(ViewMcpUsers) => mcp_users::views, POST With(ViewMcpUsers) => mcp_users::save_view }
    "/admin/mcp/users/views/{view}" { POST With(ViewMcpUsers) => mcp_users::change_view }
    "/admin/mcp/users/{user}/tokens" { GET With(ViewMcpUsers) => mcp_users::details }
    "/admin/mcp/users/{user}/tokens/{token}/revoke" { GET With(RevokeTokens) => mcp_users::confirm_revoke_one, POST With(RevokeTokens) => mcp_users::revoke_one }
    "/admin/mcp/users/{user}/revoke" { GET With(RevokeTokens) => mcp_users::confirm_revoke, POST With(RevokeTokens) => mcp_users::revoke_all }
    "/admin/mcp/users/{user}/access" { GET With(ManageMcpAccess) => mcp_users::confirm_access, POST With(ManageMcpAccess) => mcp_users::set_access }
    "/admin/mcp/clients" { GET With(ViewClients) => clients::grid }
    "/admin/mcp/clients/new" { GET With(ManageClients) => clients::form, POST With(ManageClients) => clients::register }
    "/admin/mcp/clients/{client}" { GET With(ViewClients) => clients::details }
    "/admin/mcp/clients/{client}/edit" { GET With(ManageClients) => clients::edit_form, POST With(ManageClients) => clients::edit }
    "/admin/mcp/clients/{client}/delete" { GET With(ManageClients) => clients::confirm_delete, POST With(ManageClients) => clients::delete }
    "/admin/mcp/clients/{client}/block" { GET With(ManageClients) => clients::confirm_block, POST With(ManageClients) => clients::block }
    "/admin/mcp/clients/{client}/unblock" { GET With(ManageClients) => clients::confirm_unblock, POST With(ManageClients) => clients::unblock }
    "/admin/mcp/clients/{client}/revoke" { GET With(ManageClients) => clients::confirm_revoke, POST With(ManageClients) => clients::revoke }
    "/admin/mcp/clients/{client}/secret" { GET With(ManageClients) => clients::confirm_rotate, POST With(ManageClients) => clients::rotate }
    "/admin/mcp/activity" { GET With(ViewRecords) => activity::grid }
    "/admin/mcp/activity/export" { GET With(ViewRecords) => activity::export }
    "/admin/mcp/activity/{call}" { GET With(ViewRecords) => activity::details }
    "/admin/mcp/audit" { GET With(ViewRecords) => audit::grid }
    "/admin/mcp/audit/export" { GET With(ViewRecords) => audit::export }
    "/admin/mcp/audit/{entry}" { GET With(ViewRecords) => audit::details }
    "/admin/mcp/settings" { GET With(ViewSettings) => mcp_settings::show, POST With(ManageSettings) => mcp_settings::save }
    "/admin/mcp/keys" { GET With(ViewSettings) => signing_keys::list }
    "/admin/mcp/keys/rotate" { GET With(ManageSettings) => signing_keys::confirm_rotate, POST With(ManageSettings) => signing_keys::rotate }
    "/admin/users" { GET With(ViewUsers) => users::list }
    "/admin/roles" { GET With(ViewRoles) => roles::list }
    "/admin/roles/new" { GET With(ManageRoles) => roles::form, POST With(ManageRoles) => roles::create }
    "/admin/roles/{role}" { GET With(ViewRoles) => roles::show, POST With(ManageRoles) => roles::save }
    "/admin/roles/{role}/delete" { GET With(ManageRoles) => roles::confirm_delete, POST With(ManageRoles) => roles::delete }
    "/admin/accounts" { GET With(ViewAccounts) => accounts::grid }
    "/admin/accounts/export" { GET With(ViewAccounts) => accounts::export }
    "/admin/accounts/new" { GET With(ManageAccounts) => accounts::form, POST With(ManageAccounts) => accounts::create }
    "/admin/accounts/{account}" { GET With(ViewAccounts) => accounts::show, POST With(ManageAccounts) => accounts::save }
    "/admin/accounts/{account}/credits" { GET With(ManageAccounts) => accounts::credits_form, POST With(ManageAccounts) => accounts::adjust }
    "/admin/accounts/{account}/ledger/export" { GET With(ViewAccounts) => accounts::export_ledger }
    "/admin/plans" { GET With(ViewAccounts) => plans::list }
    "/admin/plans/new" { GET With(ManageAccounts) => plans::form, POST With(ManageAccounts) => plans::create }
    "/admin/plans/{plan}" { GET With(ViewAccounts) => plans::show, POST With(ManageAccounts) => plans::save }
    "/admin/plans/{plan}/delete" { GET With(ManageAccounts) => plans::confirm_delete, POST With(ManageAccounts) => plans::delete }
    "/admin/users/new" { GET With(ManageUsers) => users::form, POST With(ManageUsers) => users::create }
    "/admin/index" { GET With(ViewIndex) => index::show, POST With(ManageIndex) => index::submit }
    "/admin/index/stores/{domain}" { GET With(ViewIndex) => index::store }
    "/admin/index/imports/{import}" { GET With(ViewIndex) => index::import }
    "/admin/index/imports/{import}/rejected" { GET With(ManageIndex) => index::rejected }
    "/admin/users/{user}" { GET With(ViewUsers) => user_edit::show, POST With(ManageUsers) => user_edit::save }
    "/admin/users/{user}/place" { POST With(ManageUsers) => user_edit::save_place }
    "/admin/users/{user}/suspend" { GET With(ManageUsers) => user_edit::ask_suspend, POST With(ManageUsers) => user_edit::suspend }
    "/admin/users/{user}/reactivate" { GET With(ManageUsers) => user_edit::ask_reactivate, POST With(ManageUsers) => user_edit::reactivate }
    "/admin/users/{user}/delete" { GET With(ManageUsers) => user_edit::ask_delete, POST With(ManageUsers) => user_edit::delete }
    "/admin/users/{user}/invitation" { POST With(ManageUsers) => user_edit::invite_again }
    "/admin/users/{user}/invitation/cancel" { GET With(ManageUsers) => user_edit::ask_cancel, POST With(ManageUsers) => user_edit::cancel }
    "/admin/users/{user}/password-reset" { GET With(ManageUsers) => user_edit::ask_reset, POST With(ManageUsers) => user_edit::reset }
    "/admin/users/{user}/two-factor" { GET With(ManageUsers) => user_edit::ask_two_factor, POST With(ManageUsers) => user_edit::reset_two_factor }
    "/admin/users/{user}/keys/{key}/revoke" { GET With(RevokeTokens) => user_edit::confirm_revoke_key, POST With(RevokeTokens) => user_edit::revoke_key }
    "/admin/users/{user}/sessions/end" { POST With(ManageUsers) => user_edit::end_all }
    "/admin/users/{user}/sessions/{session}/end" { POST With(ManageUsers) => user_edit::end_one }

    "/oauth/authorize" { GET Anyone => authorize::ask, POST SignedIn => authorize::decide }
    "/oauth/token" { POST Anyone => token::exchange, OPTIONS Anyone => metadata::preflight }
    "/oauth/register" { POST Anyone => register::register, OPTIONS Anyone => metadata::preflight }
    "/oauth/revoke" { POST Anyone => revoke::revoke, OPTIONS Anyone => metadata::preflight }
    "/oauth/introspect" { POST Anyone => introspect::introspect }
    "/oauth/userinfo" { GET Anyone => userinfo::show, POST Anyone => userinfo::show, OPTIONS Anyone => metadata::preflight }
    "/oauth/jwks" { GET Anyone => jwks::show, OPTIONS Anyone => metadata::preflight }
    "/.well-known/oauth-authorization-server" { GET Anyone => metadata::authorization_server, OPTIONS Anyone => metadata::preflight }
    "/.well-known/openid-configuration" { GET Anyone => metadata::openid, OPTIONS Anyone => metadata::preflight }
    "/.well-known/oauth-protected-resource" { GET Anyone => metadata::protected_resource, OPTIONS Anyone => metadata::preflight }
    "/.well-known/oauth-protected-resource/mcp" { GET Anyone => metadata::protected_resource, OPTIONS Anyone => metadata::preflight }

    "/.well-known/oauth-protected-resource/mcp/" { GET Anyone => metadata::protected_resource, OPTIONS Anyone => metadata::preflight }

    "/docs" { GET Anyone => manual::contents }
    "/docs/" { GET Anyone => manual::without_slash }
    "/docs/llms.txt" { GET Anyone => manual::for_programs }
    "/docs/{page}.md" { GET Anyone => manual::markdown }
    "/docs/{page}" { GET Anyone => manual::page }
    "/docs/{page}/" { GET Anyone => manual::without_slash }
    "/api/v1/usage" { GET Key => api::usage }
    "/api/v1/taxonomy" { GET Key => api::taxonomy }
    "/api/v1/stores/search" { POST Key => api::search_stores }
    "/api/v1/stores/enrich" { POST Key => api::enrich_domains }
    "/api/v1/stores/{domain}" { GET Key => api::store }
    "/api/v1/contacts/search" { POST Key => api::search_contacts }
    "/api/v1/contacts/reveal" { POST Key => api::reveal_contacts }
    "/openapi.json" { GET Anyone => api::openapi }

    "/healthz" { GET Anyone => health::live }
    "/readyz" { GET Anyone => health::ready }
    "/metrics" { GET Nearby => metrics::show }
    "/static/{tag}/{name}" { GET Anyone => assets::serve }
}

/// A route's method; whoever answers GET answers HEAD.
fn method(name: &'static str) -> impl guard::Guard {
    guard::fn_guard(move |request| {
        let asked = &request.head().method;
        asked.as_str() == name || (name == "GET" && asked == Method::HEAD)
    })
}

/// 405 in the words of whoever calls: programs at the OAuth endpoints and documents, people else.
async fn wrong_method(
    request: HttpRequest,
    allowed: &'static [&'static str],
) -> Result<actix_web::HttpResponse, Failure> {
    let audience = audience(request.path());
    let mode = request.headers().get("sec-fetch-mode").and_then(|value| value.to_str().ok());
    // Somebody who opens the address that a form was sent to looks for the form.
    if audience == Audience::Person && request.method() == Method::GET && mode == Some("navigate") {
        return Err(Failure::SeeOther(nav::page_of_form(request.path())));
    }
    Err(Failure::WrongMethod { allowed: allowed.join(", "), audience })
}

/// Who comes by a path.
fn audience(path: &str) -> Audience {
    if path == "/api" || path.starts_with("/api/") || path == "/openapi.json" {
        return Audience::Api;
    }
    let is_oauth = path.starts_with("/oauth/") && path != "/oauth/authorize"
        || path.starts_with("/.well-known/");
    if is_oauth { Audience::OAuth } else { Audience::Person }
}

/// 404, likewise: a client that probes for documents gets JSON, never a page (checklist D7, C15).
async fn nothing_here(request: HttpRequest) -> Result<actix_web::HttpResponse, Failure> {
    let text = "there is nothing at this address";
    match audience(request.path()) {
        Audience::OAuth => Err(OAuthError::new(OAuthErrorCode::NotFound, text).into()),
        Audience::Api => Err(Failure::Api(Error::not_found(
            "There is nothing at this address. /openapi.json describes what there is.",
        ))),
        Audience::Person => Err(nothing_of_that_name()),
    }
}

fn nothing_of_that_name() -> Failure {
    Error::not_found("The address may be mistyped, or what it pointed to has been removed.").into()
}

fn unreadable_query() -> Failure {
    Error::new(ErrorCode::InvalidRequest, "The address is not one that this server makes.").into()
}

/// Binds the server; it runs when the answer is awaited.
///
/// # Errors
/// When the address cannot be bound.
pub fn serve(ctx: &Ctx, listener: std::net::TcpListener) -> Result<Server> {
    let workers = ctx.config.workers;
    let state = ctx.clone();
    let manual = web::Data::new(manual::Manual::new(&ctx.config));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(state.clone()))
            .app_data(manual.clone())
            .app_data(web::QueryConfig::default().error_handler(|_, _| unreadable_query().into()))
            .app_data(
                web::PathConfig::default().error_handler(|_, _| nothing_of_that_name().into()),
            )
            // What no route counts: addresses where nothing is.
            .app_data(RouteCounters::new("none"))
            .service(crate::mcp::scope(&state))
            .configure(routes)
            .default_service(web::to(nothing_here))
            .wrap(from_fn(frame))
            .wrap(session::middleware(&state))
            .wrap(from_fn(outer))
            .wrap(from_fn(carried))
    })
    .workers(workers)
    // Without it a streamed body waits 40 ms for the peer's acknowledgement.
    .tcp_nodelay(true)
    // Who hangs up at the MCP endpoint is to be noticed: it ends their call (checklist A40).
    .h1_allow_half_closed(false)
    .shutdown_timeout(30)
    .listen(listener)
    .map_err(|error| Error::field("BIND", format!("cannot be listened on: {error}")))?;
    Ok(server.run())
}
