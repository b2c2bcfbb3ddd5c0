//! Making an account, and changing its name, plan and API access in two steps.

use actix_session::Session;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::page::{self, Form as Typed};
use super::{PATH, account_id};
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::steps::{
    Change, Confirm, Fields, Step, is_of_the_form, is_of_the_password, problem, status,
};
use crate::domain::credit::Credits;
use crate::domain::plan::grouped;
use crate::error::{Error, Result};
use crate::ids::PlanId;
use crate::service::accounts::{self, Account};
use crate::service::plans::Offered;
use crate::service::{Ctx, login, plans};
use crate::store::accounts::{AccountTerms, Plan};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageAccounts, Viewer};

#[derive(Template)]
#[template(path = "account_new.html")]
struct NewPage {
    shell: Shell,
    errors: Vec<Error>,
    /// Those of the password's field.
    password_errors: Vec<Error>,
    name: String,
    plan: String,
    plans: Vec<Offered>,
    username: String,
}

impl NewPage {
    fn problem(&self, name: &str) -> Option<&str> {
        problem(&self.errors, name)
    }

    fn is_chosen(&self, offered: &Offered) -> bool {
        self.plan == offered.plan.id.to_string()
    }
}

async fn new_page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    fields: &Fields,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = status(&errors);
    let retry_after = errors.iter().find_map(|error| error.retry_after);
    let is_of_password = |error: &&Error| error.param.as_deref() == Some("password");
    let template = NewPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        password_errors: errors
            .iter()
            .filter(is_of_password)
            .map(|error| Error::field("password", error.message.clone()))
            .collect(),
        errors,
        name: fields.one("name").to_owned(),
        plan: fields.one("plan").to_owned(),
        plans: plans::list(ctx).await?,
        username: viewer.user.email.clone(),
    };
    let mut response = render_with_status(&template, status)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// `GET /admin/accounts/new`.
///
/// # Errors
/// When the database cannot answer.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
) -> Result<HttpResponse, Failure> {
    Ok(new_page(&ctx, &request, &viewer, &Fields(Vec::new()), Vec::new()).await?)
}

fn chosen_plan(fields: &Fields) -> Result<PlanId> {
    fields.one("plan").parse().map_err(|_| Error::field("plan", "Plan: choose one of the list."))
}

/// `POST /admin/accounts/new`.
///
/// # Errors
/// That the database cannot answer; what is wrong with the form shows it again.
pub async fn create(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
    session: Session,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let fields = Fields(form.0);
    match make(&ctx, &viewer, &fields).await {
        Ok(id) => {
            let text = "Made the account. People come to it when they are invited or moved to it.";
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(&format!("{PATH}/{id}")))
        }
        Err(errors) => {
            let errors = for_the_form(errors, is_of_the_form)?;
            Ok(new_page(&ctx, &request, &viewer, &fields, errors).await?)
        }
    }
}

async fn make(
    ctx: &Ctx,
    viewer: &Viewer,
    fields: &Fields,
) -> Result<crate::ids::AccountId, Vec<Error>> {
    let mut problems = Problems::default();
    let name = problems.keep(accounts::check_name(fields.one("name")));
    let plan = problems.keep(chosen_plan(fields));
    let typed = fields.one("password");
    // Before the password, whose failures count.
    let (name, plan) = problems.unless(name.zip(plan), Password::Asked(typed))?;
    let proof = login::reconfirm(ctx, &viewer.actor, typed).await;
    let proof = proof.map_err(|error| vec![of_the_password(error)])?;
    accounts::create(ctx, &viewer.actor, proof, &name, plan).await.map_err(|error| vec![error])
}

/// `POST /admin/accounts/{account}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn save(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
    session: Session,
    path: web::Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let account = accounts::by_id(&ctx, account_id(&path)?).await?;
    let fields = Fields(form.0);
    let was: AccountTerms = serde_json::from_str(fields.one("was")).map_err(|_| {
        Error::field("was", "This form is not of this page. Open the account again.")
    })?;
    let again =
        async |errors| again(&ctx, &request, &viewer, account.clone(), &fields, errors).await;
    let becomes = match becomes(&fields) {
        Ok(becomes) => becomes,
        Err(errors) => return Ok(again(errors).await?),
    };
    if fields.step() == Step::Edit {
        return Ok(again(Vec::new()).await?);
    }
    let here = format!("{PATH}/{}", account.row.id);
    if was == becomes {
        flash::put(&session, Tone::Warn, "Nothing was changed: the account stands so already.");
        return Ok(see_other(&here));
    }
    let Some(changes) = told(&ctx, &account, &was, &becomes).await? else {
        let error = Error::field("plan", "Plan: choose one of the list.");
        return Ok(again(vec![error]).await?);
    };
    let done = match fields.step() {
        Step::Confirm => change(&ctx, &viewer, &account, &was, &becomes, &fields).await.map(Some),
        _ => Ok(None),
    };
    let error = match done {
        Ok(Some(())) => {
            let text = format!("Changed {}. It counts from the next call.", becomes.name);
            flash::put(&session, Tone::Ok, text);
            return Ok(see_other(&here));
        }
        Ok(None) => None,
        Err(error) if is_of_the_password(&error) => Some(error),
        Err(error) if is_of_the_form(&error) => return Ok(again(vec![error]).await?),
        Err(error) => return Err(error.into()),
    };
    let page = Confirm {
        heading: format!("Change {}?", account.row.name),
        crumbs: vec![("Accounts".into(), PATH.into()), (account.row.name.clone(), here.clone())],
        changes,
        fields: ["was", "name", "plan", "api_access"]
            .into_iter()
            .map(|name| (name, fields.one(name).to_owned()))
            .collect(),
        cancel: here.clone(),
        action: here,
        ..Confirm::new(&ctx, &request, &viewer, PATH)
    };
    Ok(page.answer(error)?)
}

async fn change(
    ctx: &Ctx,
    viewer: &Viewer,
    account: &Account,
    was: &AccountTerms,
    becomes: &AccountTerms,
    fields: &Fields,
) -> Result<()> {
    let proof = login::reconfirm(ctx, &viewer.actor, fields.one("password")).await?;
    let (was, becomes) = (was.clone(), becomes.clone());
    accounts::change(ctx, &viewer.actor, proof, account.row.id, was, becomes).await
}

/// What the form says, or everything that is wrong.
fn becomes(fields: &Fields) -> Result<AccountTerms, Vec<Error>> {
    let mut problems = Problems::default();
    let name = problems.keep(accounts::check_name(fields.one("name")));
    let plan = problems.keep(chosen_plan(fields));
    let access = problems.keep(match fields.one("api_access") {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Error::field("api_access", "API access: choose one of the list.")),
    });
    let wanted = name.zip(plan).zip(access);
    let ((name, plan_id), api_access) = problems.unless(wanted, Password::NotAsked)?;
    Ok(AccountTerms { name, plan_id, api_access })
}

/// The page with what was entered and what is wrong.
async fn again(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    account: Account,
    fields: &Fields,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let form = Typed {
        was: fields.one("was").to_owned(),
        name: fields.one("name").to_owned(),
        plan: chosen_plan(fields).ok(),
        api_access: fields.one("api_access").to_owned(),
        plans: plans::list(ctx).await?,
    };
    let tab = page::usage(ctx, &account, form);
    page::page(ctx, request, viewer, account, tab, errors)
}

/// What the changes do; nothing if the plan is not there.
async fn told(
    ctx: &Ctx,
    account: &Account,
    was: &AccountTerms,
    becomes: &AccountTerms,
) -> Result<Option<Vec<Change>>> {
    let all = plans::list(ctx).await?;
    let plan = |id| all.iter().map(|offered| &offered.plan).find(|plan| plan.id == id);
    let (Some(old), Some(new)) = (plan(was.plan_id), plan(becomes.plan_id)) else {
        return Ok(None);
    };
    let mut changes = Vec::new();
    if was.name != becomes.name {
        changes.push(Change {
            title: "Name".into(),
            old: Some(was.name.clone()),
            new: becomes.name.clone(),
            note: "People of the account see it in the console.".into(),
        });
    }
    if old.id != new.id {
        let credits = accounts::credits_on(ctx, account.row.id, new.clone()).await?;
        changes.push(plan_change(account, old, new, credits));
    }
    if was.api_access != becomes.api_access {
        let word = |on: bool| if on { "on" } else { "switched off" };
        changes.push(Change {
            title: "API access".into(),
            old: Some(word(was.api_access).into()),
            new: word(becomes.api_access).into(),
            note: match becomes.api_access {
                true => "From the next call on the plan decides. What is connected works again.".into(),
                false => "The next call of an AI client or of REST is refused, for everybody of the account, except for reading the usage. What is connected stays connected.".into(),
            },
        });
    }
    Ok(Some(changes))
}

fn plan_change(account: &Account, old: &Plan, new: &Plan, credits: Credits) -> Change {
    let now = account.used.credits;
    let mut note = format!(
        "From the next call on: {} requests a minute, {} a day, {} search rows a month. Credits left this month: {} → {}.",
        grouped(new.requests_per_minute),
        grouped(new.requests_per_day),
        grouped(new.rows_per_month),
        grouped(now.remaining),
        grouped(credits.remaining),
    );
    if old.api_access && !new.api_access {
        note = "This plan has no API access: the next call of an AI client or of REST is refused, except for reading the usage. What is connected stays connected.".into();
    } else if !old.api_access && new.api_access {
        note = format!("API access begins with the next call. {note}");
    }
    if account.used.rows > new.rows_per_month && new.api_access {
        note.push_str(" More search rows than that are used already: searches are refused until the next month.");
    }
    Change { title: "Plan".into(), old: Some(old.name.clone()), new: new.name.clone(), note }
}
