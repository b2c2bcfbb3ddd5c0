//! Changing a person's role and account; to give up something oneself is asked for once more.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::info::{InfoTab, told};
use super::{Tab, href, page};
use crate::console::accounts::{self, AccountField};
use crate::console::mcp_users::user_id;
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::steps::{Change, Confirm};
use crate::console::users::is_of_the_form;
use crate::domain::role::losing;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, RoleId};
use crate::service::people::{self, edit};
use crate::service::{Ctx, login, roles};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::viewer::{Admin, ManageUsers, Viewer};

/// The form of role and account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlaceForm {
    role: String,
    account: String,
    account_name: String,
    /// Role and account that the form was shown with.
    was: String,
    password: String,
    step: String,
}

/// What the form asks for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    role: RoleId,
    account: AccountId,
    seen: (RoleId, AccountId),
}

/// Role and account as a form says that it was shown with them.
pub(super) fn was(user: &UserRow) -> String {
    format!("{} {}", user.role_id.0, user.account_id.0)
}

fn seen(was: &str) -> Option<(RoleId, AccountId)> {
    let (role, account) = was.split_once(' ')?;
    Some((RoleId(role.parse().ok()?), AccountId(account.parse().ok()?)))
}

impl PlaceForm {
    /// What is asked for, or everything that is wrong. Who confirms a page has been asked before.
    async fn read(
        &self,
        ctx: &Ctx,
        user: &UserRow,
        own: Password<'_>,
    ) -> Result<Wanted, Vec<Error>> {
        let mut problems = Problems::default();
        // Who may not give roles is not shown the field.
        let role = match self.role.as_str() {
            "" => Ok(user.role_id),
            typed => typed.parse().map(RoleId),
        };
        let role =
            problems.keep(role.map_err(|_| Error::field("role", "Role: choose one of the list.")));
        let account = problems.keep(accounts::chosen(ctx, &self.account, &self.account_name).await);
        let (role, account) = problems.unless(role.zip(account), own)?;
        // Who fills in the form without having seen it cannot have seen anything older.
        let seen = seen(&self.was).unwrap_or((user.role_id, user.account_id));
        Ok(Wanted { role, account, seen })
    }
}

/// `POST /admin/users/{user}/place`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn save(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<PlaceForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let mut form = form.0;
    let done = match form.read(&ctx, &user, Password::Asked(&form.password)).await {
        Ok(wanted) => {
            // The page that asks once more keeps what was meant, not how it was entered.
            form.account = wanted.account.to_string();
            let lost = lost(&ctx, &viewer, &user, wanted).await?;
            match place(&ctx, &viewer, &user, wanted, &form, lost.is_some()).await {
                Ok(None) => {
                    let asked = Asked { user: &user, form: &form, lost: lost.unwrap_or_default() };
                    return Ok(asked.page(&ctx, &request, &viewer, None).await?);
                }
                Err(error) if is_wrong_password(&error) && form.step == "confirm" => {
                    let asked = Asked { user: &user, form: &form, lost: lost.unwrap_or_default() };
                    return Ok(asked.page(&ctx, &request, &viewer, Some(error)).await?);
                }
                done => done.map(|done| (done, lost.is_some())).map_err(|error| vec![error]),
            }
        }
        Err(errors) => Err(errors),
    };
    match done {
        Ok((is_changed, gave_up)) => {
            let text = match gave_up {
                true => "You gave up your role, and have the other one from now on.",
                false => "Saved role and account. They count from the next request on.",
            };
            told(&session, is_changed == Some(true), text);
            // Whoever gave their own role away may no longer see this page.
            let is_own = user.id == viewer.user.id;
            Ok(see_other(&if is_own { "/dashboard".to_owned() } else { href(&user, "") }))
        }
        Err(errors) => {
            let errors = for_the_form(errors, |error| {
                is_of_the_form(error) || error.code == ErrorCode::Conflict
            })?;
            let mut tab = InfoTab::load(&ctx, &viewer, &user).await?;
            // What was chosen beside something older is chosen again beside what is there now.
            if form.was.is_empty() || form.was == tab.was {
                tab.account = AccountField::again(&ctx, &form.account, &form.account_name).await?;
                tab.role = form.role;
            }
            Ok(page(&ctx, &request, &viewer, user, Tab::Info(tab), errors).await?)
        }
    }
}

fn is_wrong_password(error: &Error) -> bool {
    matches!(error.code, ErrorCode::WrongPassword | ErrorCode::RateLimitExceeded)
}

/// What the person who looks would no longer be able to do, in words; nothing unless the place is
/// their own and loses them something.
async fn lost(
    ctx: &Ctx,
    viewer: &Viewer,
    user: &UserRow,
    wanted: Wanted,
) -> Result<Option<String>> {
    if user.id != viewer.user.id || user.role_id == wanted.role {
        return Ok(None);
    }
    match roles::by_id(ctx, wanted.role).await {
        Ok(held) => Ok(losing(&(&viewer.permissions - &held.role.terms().permissions()))),
        // That there is no such role is said when it is to be given.
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Saves; nothing if that is to be confirmed first. Whether anything changed.
async fn place(
    ctx: &Ctx,
    viewer: &Viewer,
    user: &UserRow,
    wanted: Wanted,
    form: &PlaceForm,
    is_loss: bool,
) -> Result<Option<bool>> {
    let with_field = |error: Error| Error { param: error.param.or(Some("role".into())), ..error };
    if is_loss && form.step != "confirm" {
        // Who may not go is told so instead of being asked.
        edit::may_step_down(ctx, user).await.map_err(with_field)?;
        return Ok(None);
    }
    let proof =
        login::reconfirm(ctx, &viewer.actor, &form.password).await.map_err(of_the_password)?;
    let Wanted { role, account, seen } = wanted;
    edit::place(ctx, &viewer.actor, proof, user.id, seen, (role, account))
        .await
        .map(Some)
        .map_err(with_field)
}

/// What is asked before somebody gives up what they may do.
struct Asked<'a> {
    user: &'a UserRow,
    form: &'a PlaceForm,
    /// What that is.
    lost: String,
}

impl Asked<'_> {
    async fn page(
        self,
        ctx: &Ctx,
        request: &HttpRequest,
        viewer: &Viewer,
        error: Option<Error>,
    ) -> Result<HttpResponse> {
        let here = href(self.user, "");
        let crumbs = vec![
            ("All Users".to_owned(), "/admin/users".to_owned()),
            (self.user.name.clone(), here.clone()),
        ];
        let mut others: Vec<String> = people::administrators(ctx)
            .await?
            .into_iter()
            .filter(|(_, email)| *email != self.user.email)
            .map(|(name, _)| name)
            .collect();
        if others.is_empty() {
            others.push("whoever may give roles".into());
        }
        let note = format!(
            "It counts from your next click on. You cannot take it back; {} can give it to you.",
            others.join(" or ")
        );
        let confirm = Confirm {
            heading: "Give up your own role?".into(),
            crumbs,
            changes: vec![Change::note(self.lost), Change::note(note)],
            action: format!("{here}/place"),
            fields: vec![
                ("role", self.form.role.clone()),
                ("account", self.form.account.clone()),
                ("was", self.form.was.clone()),
            ],
            verb: "Give it up",
            is_dangerous: true,
            cancel: here.clone(),
            has_form: false,
            ..Confirm::new(ctx, request, viewer, &here)
        };
        confirm.answer(error)
    }
}
