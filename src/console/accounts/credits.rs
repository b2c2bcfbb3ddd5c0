//! Granting credits to an account and withdrawing them, with a reason and the password.

use actix_session::Session;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{PATH, account_id};
use crate::console::mcp_users::back::parameter;
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::steps::{Fields, counted, is_of_the_form, problem, status};
use crate::domain::credit::Credits;
use crate::domain::plan::grouped;
use crate::domain::quota::Span;
use crate::error::{Error, ErrorCode, Result};
use crate::service::accounts::{self, Account};
use crate::service::credits::{self, Adjustment};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{self, Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageAccounts, Viewer};

#[derive(Template)]
#[template(path = "account_credits.html")]
struct CreditsPage {
    shell: Shell,
    errors: Vec<Error>,
    /// Those of the password's field.
    password_errors: Vec<Error>,
    account: Account,
    /// Whether credits are withdrawn.
    is_take: bool,
    amount: String,
    reason: String,
    /// The last adjustment that the page shows.
    seen: i64,
    /// When the month ends.
    ends: String,
    username: String,
}

impl CreditsPage {
    fn problem(&self, name: &str) -> Option<&str> {
        problem(&self.errors, name)
    }
}

/// `GET /admin/accounts/{account}/credits`; `way=take` to withdraw.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn credits_form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let account = accounts::by_id(&ctx, account_id(&path)?).await?;
    let way = parameter(request.query_string(), "way");
    let fields = Fields(vec![("way".into(), way)]);
    Ok(page(&ctx, &request, &viewer, account, &fields, Vec::new())?)
}

/// `POST /admin/accounts/{account}/credits`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn adjust(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
    session: Session,
    path: web::Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let account = accounts::by_id(&ctx, account_id(&path)?).await?;
    let fields = Fields(form.0);
    match carry_out(&ctx, &viewer, &account, &fields).await {
        Ok((amount, credits)) => {
            flash::put(&session, Tone::Ok, told(&account, amount, credits));
            Ok(see_other(&format!("{PATH}/{}", account.row.id)))
        }
        Err(errors) => {
            let errors = for_the_form(errors, is_of_the_form)?;
            let retry_after = errors.iter().find_map(|error| error.retry_after);
            // What has happened meanwhile is on the page that is shown again.
            let account = accounts::by_id(&ctx, account.row.id).await?;
            let mut response = page(&ctx, &request, &viewer, account, &fields, errors)?;
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

async fn carry_out(
    ctx: &Ctx,
    viewer: &Viewer,
    account: &Account,
    fields: &Fields,
) -> Result<(i64, Credits), Vec<Error>> {
    let wanted = read(fields)?;
    let amount = wanted.amount;
    let proof = login::reconfirm(ctx, &viewer.actor, fields.one("password"))
        .await
        .map_err(|error| vec![of_the_password(error)])?;
    let credits = credits::adjust(ctx, &viewer.actor, proof, account.row.id, wanted)
        .await
        .map_err(|error| vec![error])?;
    Ok((amount, credits))
}

/// What the form asks for; checked before the password, whose failures count.
fn read(fields: &Fields) -> Result<Adjustment, Vec<Error>> {
    let mut problems = Problems::default();
    let digits: String =
        fields.one("amount").chars().filter(|c| !matches!(c, ',' | ' ' | '\u{a0}')).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let amount: i64 = digits.parse().ok().filter(|_| is_number).unwrap_or_default();
    let amount = match fields.one("way") {
        "grant" => Ok(amount),
        "take" => Ok(-amount),
        // The page has no field for it: the addresses that open it say which.
        _ => Err(Error::new(
            ErrorCode::InvalidRequest,
            "Open Grant or Withdraw on the account's page, and try again.",
        )),
    };
    let amount = problems.keep(amount.and_then(credits::check_amount));
    let reason = problems.keep(credits::check_reason(fields.one("reason")));
    let password = Password::Asked(fields.one("password"));
    let (amount, reason) = problems.unless(amount.zip(reason), password)?;
    Ok(Adjustment { amount, reason, seen: fields.one("seen").parse().ok() })
}

fn told(account: &Account, amount: i64, credits: Credits) -> String {
    let name = &account.row.name;
    let number = counted(&amount.abs(), "credit", "credits");
    let left = grouped(credits.remaining);
    match amount > 0 {
        true => format!(
            "Granted {number} to {name}. {left} are left this month, from the next call on."
        ),
        false => format!(
            "Withdrew {number} from {name}. {left} are left this month, from the next call on."
        ),
    }
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    account: Account,
    fields: &Fields,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = status(&errors);
    let is_of_password = |error: &&Error| error.param.as_deref() == Some("password");
    let template = CreditsPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        password_errors: errors
            .iter()
            .filter(is_of_password)
            .map(|error| Error::field("password", error.message.clone()))
            .collect(),
        errors,
        seen: account.last_adjustment.as_ref().map_or(0, |entry| entry.id),
        is_take: fields.one("way") == "take",
        amount: fields.one("amount").to_owned(),
        reason: fields.one("reason").to_owned(),
        ends: {
            let end = Span::Month.reset(ctx.clock.now());
            format!("{}, {}", page::day(&end), page::clock(&end))
        },
        account,
        username: viewer.user.email.clone(),
    };
    render_with_status(&template, status)
}
