//! Making and changing a plan: a form, then what it does and the password.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{PATH, plan_id};
use crate::console::steps::{
    Change, Confirm, Fields, Step, counted, is_of_the_form, is_of_the_password, problem, status,
};
use crate::domain::access::Permission;
use crate::domain::plan::{self, LIMITS, Limit, Terms, grouped};
use crate::error::{Error, Result};
use crate::service::plans::{self, Offered};
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::{Admin, ManageAccounts, ViewAccounts, Viewer};

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    shell: Shell,
    errors: Vec<Error>,
    may_change: bool,
    /// The plan; nothing while it is made.
    plan: Option<Offered>,
    /// What it said when the form was opened.
    was: String,
    /// What the form holds.
    typed: Typed,
}

impl PlanPage {
    fn problem(&self, name: &str) -> Option<&str> {
        problem(&self.errors, name)
    }

    fn is_built_in(&self) -> bool {
        self.plan.as_ref().is_some_and(|offered| offered.built_in)
    }

    fn heading(&self) -> &str {
        self.plan.as_ref().map_or("Make a plan", |offered| offered.plan.name.as_str())
    }

    fn action(&self) -> String {
        self.plan
            .as_ref()
            .map_or_else(|| format!("{PATH}/new"), |offered| format!("{PATH}/{}", offered.plan.id))
    }
}

/// The texts of the form.
struct Typed {
    name: String,
    api_access: String,
    limits: Vec<(&'static Limit, String)>,
}

impl Typed {
    fn of(terms: &Terms) -> Self {
        Self {
            name: terms.name.clone(),
            api_access: yes_or_no(terms.api_access).to_owned(),
            limits: LIMITS.iter().map(|limit| (limit, (limit.get)(terms).to_string())).collect(),
        }
    }

    fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).to_owned();
        Self {
            name: text("name"),
            api_access: text("api_access"),
            limits: LIMITS.iter().map(|limit| (limit, text(limit.name))).collect(),
        }
    }

    /// What they say, or everything that is wrong, in the order of the form.
    fn terms(&self, kept_name: Option<&str>) -> Result<Terms, Vec<Error>> {
        let mut errors = Vec::new();
        let mut terms = Terms::usual();
        match kept_name.map_or_else(|| plan::check_name(&self.name), |name| Ok(name.to_owned())) {
            Ok(name) => terms.name = name,
            Err(message) => errors.push(Error::field("name", message)),
        }
        match self.api_access.as_str() {
            "yes" => terms.api_access = true,
            "no" => terms.api_access = false,
            _ => errors.push(Error::field("api_access", "API access: choose Yes or No.")),
        }
        for (limit, text) in &self.limits {
            if let Err(message) = limit.put(&mut terms, text) {
                errors.push(Error::field(limit.name, message));
            }
        }
        if errors.is_empty() {
            let problems = plan::problems(&terms).into_iter();
            errors = problems.map(|(name, message)| Error::field(name, message)).collect();
        }
        if errors.is_empty() { Ok(terms) } else { Err(errors) }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("name", self.name.clone()), ("api_access", self.api_access.clone())];
        fields.extend(self.limits.iter().map(|(limit, text)| (limit.name, text.clone())));
        fields
    }
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// `GET /admin/plans/new`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageAccounts>,
) -> Result<HttpResponse, Failure> {
    let typed = Typed::of(&Terms::usual());
    Ok(page(&ctx, &request, &viewer, None, String::new(), typed, Vec::new())?)
}

/// `GET /admin/plans/{plan}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewAccounts>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let offered = plans::by_id(&ctx, plan_id(&path)?).await?;
    let terms = offered.plan.terms();
    let (was, typed) = (text_of(&terms)?, Typed::of(&terms));
    Ok(page(&ctx, &request, &viewer, Some(offered), was, typed, Vec::new())?)
}

fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    plan: Option<Offered>,
    was: String,
    typed: Typed,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = status(&errors);
    let template = PlanPage {
        shell: Shell::new(ctx, request, viewer),
        may_change: viewer.may(Permission::ManageAccounts),
        errors,
        plan,
        was,
        typed,
    };
    render_with_status(&template, status)
}

fn text_of(terms: &Terms) -> Result<String> {
    serde_json::to_string(terms).map_err(Error::internal)
}

/// `POST /admin/plans/new`.
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
    let typed = Typed::read(&fields);
    let again = |typed, errors| page(&ctx, &request, &viewer, None, String::new(), typed, errors);
    let terms = match typed.terms(None) {
        Ok(terms) => terms,
        Err(errors) => return Ok(again(typed, errors)?),
    };
    let confirm = |error| {
        let page = Confirm {
            heading: format!("Make the plan {}?", terms.name),
            crumbs: vec![("Plans".into(), PATH.into())],
            changes: told(None, &terms, 0),
            action: format!("{PATH}/new"),
            fields: typed.fields(),
            verb: "Make the plan",
            ..Confirm::new(&ctx, &request, &viewer, PATH)
        };
        page.answer(error)
    };
    match fields.step() {
        Step::Edit => return Ok(again(typed, Vec::new())?),
        Step::Ask => return Ok(confirm(None)?),
        Step::Confirm => {}
    }
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => plans::create(&ctx, &viewer.actor, proof, terms.clone()).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => {
            flash::put(
                &session,
                Tone::Ok,
                format!("Made the plan {}. Accounts can be put on it now.", terms.name),
            );
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_password(&error) => Ok(confirm(Some(error))?),
        Err(error) if is_of_the_form(&error) => Ok(again(typed, vec![error])?),
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/plans/{plan}`.
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
    let offered = plans::by_id(&ctx, plan_id(&path)?).await?;
    let fields = Fields(form.0);
    let was: Terms = serde_json::from_str(fields.one("was"))
        .map_err(|_| Error::field("was", "This form is not of this page. Open the plan again."))?;
    let mut typed = Typed::read(&fields);
    let (id, name) = (offered.plan.id, offered.plan.name.clone());
    let (accounts, built_in) = (offered.accounts, offered.built_in);
    if built_in {
        typed.name.clone_from(&name);
    }
    let was_text = text_of(&was)?;
    let again = |typed, errors| {
        page(&ctx, &request, &viewer, Some(offered.clone()), was_text.clone(), typed, errors)
    };
    let becomes = match typed.terms(Some(name.as_str()).filter(|_| built_in)) {
        Ok(becomes) => becomes,
        Err(errors) => return Ok(again(typed, errors)?),
    };
    if fields.step() == Step::Edit {
        return Ok(again(typed, Vec::new())?);
    }
    if was == becomes {
        flash::put(&session, Tone::Warn, "Nothing was changed: the plan says so already.");
        return Ok(see_other(PATH));
    }
    let confirm = |error| {
        let mut fields = typed.fields();
        fields.push(("was", was_text.clone()));
        let page = Confirm {
            heading: format!("Change the plan {name}?"),
            crumbs: vec![("Plans".into(), PATH.into()), (name.clone(), format!("{PATH}/{id}"))],
            changes: told(Some(&was), &becomes, accounts),
            action: format!("{PATH}/{id}"),
            fields,
            cancel: format!("{PATH}/{id}"),
            ..Confirm::new(&ctx, &request, &viewer, PATH)
        };
        page.answer(error)
    };
    if fields.step() == Step::Ask {
        return Ok(confirm(None)?);
    }
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => {
            plans::change(&ctx, &viewer.actor, proof, id, was.clone(), becomes.clone()).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => {
            let whom = counted(&accounts, "account", "accounts");
            let text = format!(
                "Changed the plan {}. It counts from the next call of {whom}.",
                becomes.name
            );
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_password(&error) => Ok(confirm(Some(error))?),
        Err(error) if is_of_the_form(&error) => Ok(again(typed, vec![error])?),
        Err(error) => Err(error.into()),
    }
}

/// What a change, or a new plan, does.
fn told(was: Option<&Terms>, becomes: &Terms, accounts: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    match (was, accounts) {
        (None, _) => changes.push(Change::note("No account is on it until you put one on it.")),
        (Some(_), 0) => changes.push(Change::note("No account is on this plan now.")),
        (Some(_), _) => changes.push(Change::note(format!(
            "Applies to {} at the next call.",
            counted(&accounts, "account", "accounts")
        ))),
    }
    let words = |access: bool| if access { "yes" } else { "no" }.to_owned();
    let is_new = |same: bool| was.is_none() || !same;
    if let Some(was) = was.filter(|was| was.name != becomes.name) {
        changes.push(Change {
            title: "Name".into(),
            old: Some(was.name.clone()),
            new: becomes.name.clone(),
            note: String::new(),
        });
    }
    if is_new(was.is_some_and(|was| was.api_access == becomes.api_access)) {
        changes.push(Change {
            title: "API access".into(),
            old: was.map(|was| words(was.api_access)),
            new: words(becomes.api_access),
            note: match (was.is_some(), becomes.api_access) {
                (true, true) => "AI clients and REST of these accounts work again at once; what is connected stays connected.",
                (true, false) => "The next call of an AI client or of REST is refused, except for reading the usage. What is connected stays connected.",
                _ => "",
            }.into(),
        });
    }
    for limit in &LIMITS {
        let (old, new) = (was.map(limit.get), (limit.get)(becomes));
        if is_new(old == Some(new)) {
            let is_lower = old.is_some_and(|old| new < old);
            let is_credits = limit.name == "credits_per_month" && old.is_some();
            changes.push(Change {
                title: limit.title.into(),
                old: old.map(grouped),
                new: grouped(new),
                note: match (is_lower, is_credits) {
                    (true, _) => limit.lowered,
                    (false, true) => "The difference is added to this month at once.",
                    _ => "",
                }
                .into(),
            });
        }
    }
    changes
}
