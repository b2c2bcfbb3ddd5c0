//! The page that asks a person whether a client may act for them.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::redirect::{self, Kind};
use crate::domain::scope::{Scope, ScopeRow, ScopeSet};
use crate::domain::settings::duration;
use crate::error::{Error, Result};
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::consent::{self, Request};
use crate::store::clients::ClientRow;
use crate::store::users::UserRow;
use crate::web::outer::CONTENT_SECURITY_POLICY;
use crate::web::page::{Shell, render_with_status};

/// The longest name shown, in characters: a client must not push what matters out of sight.
const LONGEST_SHOWN: usize = 80;

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    shell: Shell,
    client: String,
    initial: String,
    is_verified: bool,
    host: String,
    publisher: Option<String>,
    kind: Kind,
    user_name: &'a str,
    user_email: &'a str,
    resource: &'a str,
    handle: &'a str,
    reads: Vec<Offer>,
    spends: Vec<Offer>,
    asks_for_host: bool,
    has_recognised: bool,
    idle: String,
    absolute: String,
    errors: Vec<Error>,
}

/// A permission of the form.
struct Offer {
    scope: &'static ScopeRow,
    is_ticked: bool,
}

/// What a person is asked, and who they are.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    /// What is asked for.
    pub wanted: &'a Request,
    /// Who asks.
    pub client: &'a ClientRow,
    /// Who is asked.
    pub user: &'a UserRow,
    /// Names the request in the form.
    pub handle: &'a PlainSecret,
}

/// What a person answered who wants to authorize it.
#[derive(Debug)]
pub(super) struct Answered<'a> {
    /// The permissions ticked.
    pub chosen: &'a ScopeSet,
}

impl Answered<'_> {
    /// What it lacks.
    pub fn problems(&self) -> Vec<Error> {
        if self.chosen.allows_anything() {
            return Vec::new();
        }
        let text = "Permissions: nothing was ticked, so there is nothing to authorize. Tick at least one, or deny.";
        vec![Error::field("scope", text)]
    }
}

impl Asking<'_> {
    /// Whether the person is asked to tick that they know the address: one elsewhere on the web, of a
    /// client that nobody has verified. On their own computer only what they started listens. The
    /// browser holds them to it; it makes people look, and guards against nobody who posts forms.
    fn asks_for_host(&self) -> Result<bool> {
        let kind = redirect::check(&self.wanted.redirect_uri).map_err(Error::internal)?;
        Ok(kind == Kind::Web && !self.client.is_verified())
    }

    /// The page; with what was answered, if that lacks something.
    ///
    /// # Errors
    /// When the settings cannot be read.
    pub async fn show(
        &self,
        ctx: &Ctx,
        request: &HttpRequest,
        answered: Option<Answered<'_>>,
    ) -> Result<HttpResponse> {
        let Self { wanted, client, user, handle } = self;
        let live = ctx.live_now().await?;
        let (reads, spends) = consent::grouped(wanted);
        // What spends is never ticked for somebody.
        let offers = |scopes: Vec<Scope>, usually: bool| {
            let is_ticked = |scope: Scope| {
                answered.as_ref().map_or(usually, |answered| answered.chosen.contains(scope))
            };
            let offer = |scope: Scope| Offer { scope: scope.row(), is_ticked: is_ticked(scope) };
            scopes.into_iter().map(offer).collect()
        };
        let errors = match &answered {
            Some(answered) => answered.problems(),
            None => Vec::new(),
        };
        let initial = client.name.chars().next().map(|first| first.to_uppercase().to_string());
        let page = ConsentPage {
            shell: Shell::gate(ctx, request),
            client: shown(&client.name),
            initial: initial.unwrap_or_default(),
            is_verified: client.is_verified(),
            host: redirect::shown_host(&wanted.redirect_uri),
            publisher: client.publisher(),
            kind: redirect::check(&wanted.redirect_uri).map_err(Error::internal)?,
            user_name: &user.name,
            user_email: &user.email,
            resource: &wanted.resource,
            handle: handle.expose(),
            reads: offers(reads, true),
            spends: offers(spends, false),
            asks_for_host: self.asks_for_host()?,
            has_recognised: answered.is_some(),
            idle: duration(live.settings.refresh_token_seconds),
            absolute: duration(live.settings.refresh_absolute_seconds),
            errors,
        };
        let status = if page.errors.is_empty() { 200 } else { 400 };
        let mut response = render_with_status(&page, status)?;
        self.let_through(&mut response)?;
        Ok(response)
    }

    /// `form-action` also governs the redirect that answers the form, so exactly this one is let
    /// through; the value comes from the parsed URI.
    fn let_through(&self, response: &mut HttpResponse) -> Result<()> {
        let headers = response.headers_mut();
        headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
        if let Some(source) = redirect::csp_source(&self.wanted.redirect_uri) {
            let policy = CONTENT_SECURITY_POLICY
                .replace("form-action 'self'", &format!("form-action 'self' {source}"));
            let value = header::HeaderValue::from_str(&policy).map_err(Error::internal)?;
            headers.insert(header::CONTENT_SECURITY_POLICY, value);
        }
        Ok(())
    }
}

impl ConsentPage<'_> {
    /// What is wrong with a field.
    fn problem(&self, field: &str) -> Option<&Error> {
        self.errors.iter().find(|error| error.param.as_deref() == Some(field))
    }
}

/// A name that may be cut off, which is then to be seen.
fn shown(name: &str) -> String {
    match name.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or(name).trim_end()),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SHOWN, shown};

    #[test]
    fn a_long_name_is_cut_off_and_says_so() {
        assert_eq!(shown("Claude Code"), "Claude Code");
        assert_eq!(shown(&"ü".repeat(LONGEST_SHOWN)), "ü".repeat(LONGEST_SHOWN));
        assert_eq!(shown(&"ü".repeat(200)), format!("{}…", "ü".repeat(LONGEST_SHOWN)));
    }
}
