//! Making a personal access token: the form, and the one answer that shows the secret.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::clients_config::{claude_code, codex};
use crate::console::problems::{Password, Problems};
use crate::domain::scope::{SCOPES, ScopeRow, ScopeSet};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::{PlainSecret, random_text};
use crate::service::personal_tokens::{self, LONGEST_NAME, Wanted};
use crate::service::{Ctx, login, people};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

/// Days that are offered, as far as the setting allows them.
const OFFERED_DAYS: [i64; 4] = [30, 90, 180, 365];
/// The choice that means the number beside it.
const CUSTOM: &str = "custom";

/// The form as it was filled.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    name: String,
    scope: Vec<String>,
    expiry: String,
    days: String,
    password: String,
    once: String,
}

impl TokenForm {
    /// As it is at first: nothing ticked that spends anything.
    fn fresh(most_days: i64) -> Self {
        let reads = SCOPES.iter().filter(|row| row.of_resource && row.spends.is_none());
        let first = offered(most_days).into_iter().next().unwrap_or(most_days);
        Self {
            scope: reads.map(|row| row.name.to_owned()).collect(),
            expiry: first.to_string(),
            ..Self::default()
        }
    }

    fn wanted(&self) -> Wanted {
        let days = if self.expiry == CUSTOM { &self.days } else { &self.expiry };
        Wanted {
            name: self.name.clone(),
            scopes: ScopeSet::parse_known(&self.scope.join(" ")),
            days: days.trim().parse().ok(),
            form: self.once.clone(),
        }
    }
}

/// The days that are offered: up to the longest allowed life, which is always among them.
fn offered(most: i64) -> Vec<i64> {
    let mut days: Vec<i64> = OFFERED_DAYS.into_iter().filter(|days| *days < most).collect();
    days.push(most);
    days
}

/// A permission with its box.
struct Choice {
    row: &'static ScopeRow,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "personal_token_new.html")]
struct FormPage {
    shell: Shell,
    errors: Vec<Error>,
    /// Why no token can be made now.
    closed: Option<&'static str>,
    administrators: Vec<(String, String)>,
    name: String,
    choices: Vec<Choice>,
    offered: Vec<i64>,
    expiry: String,
    days: String,
    most_days: i64,
    /// Random text of this form: one form makes one token.
    once: String,
    username: String,
}

impl FormPage {
    /// What is wrong with a field.
    fn of(&self, field: &str) -> Vec<&Error> {
        self.errors.iter().filter(|error| error.param.as_deref() == Some(field)).collect()
    }
}

/// `GET /dashboard/settings/mcp/tokens`.
///
/// # Errors
/// When the database cannot answer.
pub async fn token_form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let most_days = ctx.live_now().await?.settings.personal_token_days;
    Ok(ask(&ctx, &request, &viewer, TokenForm::fresh(most_days), Vec::new()).await?)
}

#[derive(Template)]
#[template(path = "personal_token.html")]
struct SecretPage {
    shell: Shell,
    name: String,
    secret: String,
    days: i64,
    claude_code: String,
    codex_file: String,
    codex_variable: String,
}

/// `POST /dashboard/settings/mcp/tokens`: answers with the secret, this once.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn create_token(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<TokenForm>,
) -> Result<HttpResponse, Failure> {
    let wanted = form.0.wanted();
    match create(&ctx, &viewer, &form.0, wanted.clone()).await {
        Ok(secret) => {
            let url = &ctx.config.mcp_url;
            let (codex_file, codex_variable) = codex::token_file(url, &secret);
            let template = SecretPage {
                shell: Shell::new(&ctx, &request, &viewer),
                name: wanted.name.trim().to_owned(),
                days: wanted.days.unwrap_or_default(),
                claude_code: claude_code::token_command(url, &secret),
                codex_file,
                codex_variable,
                secret: secret.expose().to_owned(),
            };
            let mut response = render(&template)?;
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Err(errors) if errors.iter().all(|error| is_of_the_form(error.code)) => {
            let status = errors.first().map_or(400, |error| error.code.status());
            let retry_after = errors.iter().find_map(|error| error.retry_after);
            let mut response = ask(&ctx, &request, &viewer, form.0, errors).await?;
            *response.status_mut() =
                actix_web::http::StatusCode::from_u16(status).map_err(Error::internal)?;
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
        Err(errors) => Err(errors
            .into_iter()
            .find(|error| !is_of_the_form(error.code))
            .unwrap_or_else(|| Error::internal("a form was refused without a reason"))
            .into()),
    }
}

/// Everything that can be seen to be wrong is told at once, before the password counts.
async fn create(
    ctx: &Ctx,
    viewer: &Viewer,
    form: &TokenForm,
    wanted: Wanted,
) -> Result<PlainSecret, Vec<Error>> {
    let live = ctx.live_now().await.map_err(|error| vec![error])?;
    let mut problems = wanted.problems(live.settings.personal_token_days);
    if !(32..=64).contains(&wanted.form.len()) {
        problems.push(Error::new(
            ErrorCode::InvalidRequest,
            "The form did not arrive whole. Check it and send it again.",
        ));
    }
    Problems::from(problems).unless(Some(()), Password::Asked(&form.password))?;
    let proof = login::reconfirm(ctx, &viewer.actor, &form.password).await.map_err(|error| {
        // The throttle is one on the password.
        vec![Error { param: error.param.or(Some("password".into())), ..error }]
    })?;
    personal_tokens::create(ctx, &viewer.actor, proof, wanted).await.map_err(|error| vec![error])
}

fn is_of_the_form(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidRequest
            | ErrorCode::WrongPassword
            | ErrorCode::RateLimitExceeded
            | ErrorCode::PermissionDenied
            | ErrorCode::Conflict
    )
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    form: TokenForm,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let live = ctx.live_now().await?;
    let most_days = live.settings.personal_token_days;
    let closed = if !live.settings.personal_access_tokens {
        Some("Personal access tokens are turned off on this server.")
    } else if !viewer.user.mcp_enabled {
        Some("Your MCP access is disabled.")
    } else {
        None
    };
    let administrators = match closed {
        Some(_) => people::administrators(ctx).await?,
        None => Vec::new(),
    };
    let is_ticked = |row: &ScopeRow| form.scope.iter().any(|name| name == row.name);
    let template = FormPage {
        shell: Shell::new(ctx, request, viewer),
        errors,
        closed,
        administrators,
        choices: SCOPES
            .iter()
            .filter(|row| row.of_resource)
            .map(|row| Choice { row, is_ticked: is_ticked(row) })
            .collect(),
        offered: offered(most_days),
        most_days,
        once: random_text(),
        username: viewer.user.email.clone(),
        name: form.name,
        expiry: form.expiry,
        days: form.days,
    };
    render(&template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_life_is_offered_and_nothing_beyond_it() {
        assert_eq!(offered(365), [30, 90, 180, 365]);
        assert_eq!(offered(100), [30, 90, 100]);
        assert_eq!(offered(7), [7]);
    }

    #[test]
    fn nothing_that_spends_is_ticked_at_first() {
        let form = TokenForm::fresh(365);
        assert_eq!(form.scope, ["usage:read"]);
        assert_eq!(form.wanted().days, Some(30));
    }
}
