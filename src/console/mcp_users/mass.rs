//! One act on many people: what it would touch, whether they mean it, and what it did. The server
//! asks the filter anew when it is done; another number than the confirmed one is asked about again.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use url::form_urlencoded;

use super::choice::{Choice, Chosen};
use super::parts::number;
use super::query::PATH;
use super::tokens::Live;
use crate::console::problems::{Password, Problems, for_the_form, of_the_password};
use crate::console::steps::is_of_the_password;
use crate::console::users::form_with;
use crate::error::{Error, ErrorCode, Result};
use crate::service::mass::{self, Fingerprint, Part, Preview, Ran, Report};
use crate::service::{Ctx, access, login};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone, put_audited};
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::viewer::{Admin, ManageMcpAccess, RevokeTokens, ViewMcpUsers, Viewer};

/// From more people than this on the number is to be typed.
const MANY: i64 = 1000;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Revoke,
    Enable,
    Disable,
}

const ACTS: [Act; 3] = [Act::Revoke, Act::Enable, Act::Disable];

impl Act {
    fn segment(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Enable => "enable",
            Self::Disable => "disable",
        }
    }

    /// What it is called on the button.
    fn verb(self) -> &'static str {
        match self {
            Self::Revoke => "Revoke all tokens",
            Self::Enable => "Enable access",
            Self::Disable => "Disable access",
        }
    }

    /// What it is called in the heading.
    fn deed(self) -> &'static str {
        match self {
            Self::Revoke => "Revoke all tokens of",
            Self::Enable => "Enable MCP access of",
            Self::Disable => "Disable MCP access of",
        }
    }

    fn needs_password(self) -> bool {
        self != Self::Revoke
    }
}

/// `GET /admin/mcp/users/act`: leads from the list's form to the page of the act chosen in it.
///
/// # Errors
/// None of its own.
pub async fn choose(
    request: HttpRequest,
    _viewer: Admin<ViewMcpUsers>,
    session: Session,
) -> Result<HttpResponse, Failure> {
    let pairs: Vec<_> =
        form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    let value = |name: &str| pairs.iter().rev().find(|(key, _)| key == name).map(|(_, is)| is);
    let act = ACTS.into_iter().find(|act| value("act").is_some_and(|word| word == act.segment()));
    let Some(act) = act else {
        flash::put(&session, Tone::Warn, "Choose an action first: Revoke, Enable or Disable.");
        let back = value("back").map(String::as_str).unwrap_or_default();
        return Ok(see_other(&super::query::Asked::parse(back).view.href()));
    };
    let rest = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.iter().filter(|(key, _)| key != "act"))
        .finish();
    Ok(see_other(&format!("{PATH}/act/{}?{rest}", act.segment())))
}

#[derive(Template)]
#[template(path = "mcp_users_act.html")]
struct ActPage {
    shell: Shell,
    errors: Vec<Error>,
    act: Act,
    preview: Preview,
    words: String,
    fields: Vec<(&'static str, String)>,
    href: String,
    /// The reason as typed.
    reason: String,
    /// Whose password is asked for.
    username: String,
}

impl ActPage {
    fn people(&self) -> String {
        people(self.preview.whom.people)
    }

    /// How many of them have it otherwise now; at least one has.
    fn have(&self) -> String {
        match (self.to_do(), self.preview.whom.people) {
            (1, 1) => "This person has".into(),
            (all, people) if all == people => "All of them have".into(),
            (1, _) => "1 of them has".into(),
            (some, _) => format!("{} of them have", number(&some)),
        }
    }

    /// Whether it would change nothing for any of them.
    fn is_idle(&self) -> bool {
        match self.act {
            Act::Revoke => {
                self.preview.with_tokens.people + self.preview.with_approvals.people == 0
            }
            Act::Enable | Act::Disable => self.to_do() == 0,
        }
    }

    /// How it is with all of them already.
    fn idle_because(&self) -> String {
        let one = self.preview.whom.people == 1;
        match self.act {
            Act::Revoke if one => "This person has no active token.".into(),
            Act::Revoke => "None of these people has an active token.".into(),
            Act::Enable if one => "MCP access of this person is enabled already.".into(),
            Act::Enable => "MCP access of all of these people is enabled already.".into(),
            Act::Disable if one => "MCP access of this person is disabled already.".into(),
            Act::Disable => "MCP access of all of these people is disabled already.".into(),
        }
    }

    /// For how many there is something to do.
    fn to_do(&self) -> i64 {
        match self.act {
            Act::Enable => self.preview.whom.people - self.preview.enabled,
            Act::Disable => self.preview.enabled,
            Act::Revoke => self.preview.whom.people,
        }
    }

    /// The tokens that are revoked.
    fn live(&self) -> Live {
        Live { active: self.preview.tokens, blocked: self.preview.blocked }
    }

    /// The people of the sample, and how many more there are.
    fn sample(&self) -> String {
        let names: Vec<_> = self.preview.sample.iter().map(|(name, _)| name.as_str()).collect();
        listed(&names, self.preview.whom.people)
    }

    /// What is wrong with the password.
    fn password_errors(&self) -> Vec<&Error> {
        let is_password = |error: &&Error| error.param.as_deref() == Some("password");
        self.errors.iter().filter(is_password).collect()
    }

    fn is_to_be_typed(&self) -> bool {
        self.preview.whom.people > MANY
    }
}

/// A few names, and how many more there are.
fn listed(names: &[&str], of: i64) -> String {
    let shown = i64::try_from(names.len()).unwrap_or_default();
    match of - shown {
        more if more > 0 => format!("{} and {} more", names.join(", "), number(&more)),
        _ => names.join(", "),
    }
}

/// The people of a part, and how many more there are.
fn names_of(part: &Part) -> String {
    let names: Vec<_> = part.names.iter().map(String::as_str).collect();
    listed(&names, part.people)
}

fn counted(count: i64, one: &str, more: &str) -> String {
    format!("{} {}", number(&count), if count == 1 { one } else { more })
}

fn people(count: i64) -> String {
    counted(count, "person", "people")
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    act: Act,
    choice: &Choice,
    reason: String,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let filter = choice.filter(ctx.clock.now());
    let preview = mass::preview(ctx, &viewer.actor, act != Act::Enable, filter).await?;
    let template = ActPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        errors,
        act,
        preview,
        words: choice.of_whom(),
        fields: choice.fields(),
        href: choice.view().href(),
        reason,
        username: viewer.user.email.clone(),
    };
    form_with(&template, &template.errors)
}

/// The form of a confirmation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MassForm {
    all: String,
    user: Vec<String>,
    excluded: Vec<String>,
    back: String,
    count: String,
    ids: String,
    typed: String,
    reason: String,
    password: String,
}

async fn run(
    ctx: &Ctx,
    viewer: &Viewer,
    act: Act,
    choice: &Choice,
    form: &MassForm,
) -> Result<Report, Vec<Error>> {
    let confirmed = read(act, form)?;
    let people_then = confirmed.people;
    let done = async {
        let actor = &access::because(&viewer.actor, &form.reason)?;
        let service_act = match act {
            Act::Revoke => mass::Act::Revoke,
            Act::Enable => mass::Act::Enable(login::reconfirm(ctx, actor, &form.password).await?),
            Act::Disable => mass::Act::Disable(login::reconfirm(ctx, actor, &form.password).await?),
        };
        let filter = choice.filter(ctx.clock.now());
        mass::run(ctx, actor, service_act, filter, confirmed, choice.in_words()).await
    };
    match done.await {
        Ok(Ran::Done(report)) => Ok(report),
        Ok(Ran::Differs(now)) => {
            Err(vec![Error::new(ErrorCode::Conflict, differs(now, people_then))])
        }
        Err(error) if is_of_the_password(&error) => Err(vec![of_the_password(error)]),
        Err(error) => Err(vec![error]),
    }
}

/// What was confirmed, or everything that is wrong with how.
fn read(act: Act, form: &MassForm) -> Result<Fingerprint, Vec<Error>> {
    let mut problems = Problems::default();
    let shown = form.count.parse().ok().zip(form.ids.parse().ok());
    let shown = problems.keep(
        shown.ok_or_else(|| Error::field("count", "Look at what it touches first, then confirm.")),
    );
    let typed: String = form.typed.chars().filter(char::is_ascii_digit).collect();
    if let Some((people, _)) = shown
        && people > MANY
        && typed.parse() != Ok(people)
    {
        let text = format!("Type {}, the number of people, to confirm.", number(&people));
        problems.keep::<()>(Err(Error::field("typed", text)));
    }
    problems.keep(access::check_reason(&form.reason));
    let password = match act.needs_password() {
        true => Password::Asked(&form.password),
        false => Password::NotAsked,
    };
    let (people, ids) = problems.unless(shown, password)?;
    Ok(Fingerprint { people, ids })
}

fn differs(now: i64, then: i64) -> String {
    let others = if now == then { "others than before" } else { "no longer the same" };
    format!(
        "These are {others}: {} now, {} when you looked. Nothing was done: look again, then confirm.",
        people(now),
        number(&then)
    )
}

async fn submit(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    session: &Session,
    act: Act,
    form: MassForm,
) -> Result<HttpResponse, Failure> {
    let chosen = Chosen {
        all: form.all.clone(),
        user: form.user.clone(),
        excluded: form.excluded.clone(),
        back: form.back.clone(),
    };
    let choice = Choice::parse(&chosen)?;
    match run(ctx, viewer, act, &choice, &form).await {
        Ok(report) => {
            let (tone, text) = told(act, &report);
            put_audited(session, viewer, tone, text);
            Ok(see_other(&choice.view().href()))
        }
        Err(errors) => {
            let errors = for_the_form(errors, |error| is_of_the_form(error.code))?;
            Ok(ask(ctx, request, viewer, act, &choice, form.reason, errors).await?)
        }
    }
}

fn is_of_the_form(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidRequest
            | ErrorCode::WrongPassword
            | ErrorCode::RateLimitExceeded
            | ErrorCode::Conflict
    )
}

/// Why somebody was skipped from whom nothing was revoked.
const NOTHING: &str = "nothing to revoke";

/// What was revoked: of whom tokens, and of whom else no more than approvals stood.
fn revoked(report: &Report, tokens: &str) -> String {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let with = people(whole(report.with_tokens));
    match report.people.saturating_sub(report.with_tokens) {
        approving if report.with_tokens == 0 => format!(
            "Ended the approvals of {}. There were no active tokens.",
            people(whole(approving))
        ),
        0 => format!("Revoked {tokens} of {with}."),
        approving => format!(
            "Revoked {tokens} of {with} and ended the approvals of {} more.",
            number(&whole(approving))
        ),
    }
}

/// What was done, in words.
fn told(act: Act, report: &Report) -> (Tone, String) {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let who = people(whole(report.people));
    let tokens = counted(whole(report.tokens), "token", "tokens");
    let (mut text, already) = match act {
        Act::Revoke => (revoked(report, &tokens), NOTHING),
        Act::Enable => (format!("Enabled MCP access of {who}."), "already enabled"),
        Act::Disable => {
            (format!("Disabled MCP access of {who} and revoked {tokens}."), "already disabled")
        }
    };
    if report.people == 0 {
        text = "Nothing was changed.".into();
    }
    if report.already > 0 {
        text.push_str(&format!(" {} skipped: {already}.", number(&whole(report.already))));
    }
    if report.without_own {
        text.push_str(" Your own account was left out.");
    }
    if let Some(name) = &report.without_last {
        text.push_str(&format!(
            " {name} was left out: the last active administrator keeps access."
        ));
    }
    (if report.people == 0 { Tone::Warn } else { Tone::Ok }, text)
}

/// Makes the two handlers of an act.
macro_rules! handlers {
    ($confirm:ident, $run:ident, $permission:ty, $act:expr) => {
        /// Says what the act would touch, and asks.
        ///
        /// # Errors
        /// A choice that cannot be read, or that the database cannot answer.
        pub async fn $confirm(
            ctx: web::Data<Ctx>,
            request: HttpRequest,
            viewer: Admin<$permission>,
        ) -> Result<HttpResponse, Failure> {
            let chosen: Chosen = serde_html_form::from_str(request.query_string())
                .map_err(|_| Error::field("user", "Tick people in the list."))?;
            let choice = Choice::parse(&chosen)?;
            Ok(ask(&ctx, &request, &viewer, $act, &choice, String::new(), Vec::new()).await?)
        }

        /// Does it.
        ///
        /// # Errors
        /// A choice that cannot be read, or that the database cannot answer; what is wrong with
        /// the form shows it again.
        pub async fn $run(
            ctx: web::Data<Ctx>,
            request: HttpRequest,
            viewer: Admin<$permission>,
            session: Session,
            form: Form<MassForm>,
        ) -> Result<HttpResponse, Failure> {
            submit(&ctx, &request, &viewer, &session, $act, form.0).await
        }
    };
}
handlers!(confirm_revoke_many, revoke_many, RevokeTokens, Act::Revoke);
handlers!(confirm_enable_many, enable_many, ManageMcpAccess, Act::Enable);
handlers!(confirm_disable_many, disable_many, ManageMcpAccess, Act::Disable);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_with_what_was_left() {
        let report =
            Report { people: 98, with_tokens: 98, tokens: 312, already: 2, ..Report::default() };
        assert_eq!(
            told(Act::Revoke, &report).1,
            "Revoked 312 tokens of 98 people. 2 skipped: nothing to revoke."
        );
        let report =
            Report { people: 2, with_tokens: 1, tokens: 2, already: 2, ..Report::default() };
        assert_eq!(
            told(Act::Revoke, &report).1,
            "Revoked 2 tokens of 1 person and ended the approvals of 1 more. 2 skipped: nothing to revoke."
        );
        let report = Report { people: 3, already: 1, ..Report::default() };
        assert_eq!(
            told(Act::Revoke, &report).1,
            "Ended the approvals of 3 people. There were no active tokens. 1 skipped: nothing to revoke."
        );
        let report = Report { people: 1, tokens: 1, without_own: true, ..Report::default() };
        assert_eq!(
            told(Act::Disable, &report).1,
            "Disabled MCP access of 1 person and revoked 1 token. Your own account was left out."
        );
        let (tone, text) = told(Act::Enable, &Report { already: 1200, ..Report::default() });
        assert_eq!(
            (tone, text.as_str()),
            (Tone::Warn, "Nothing was changed. 1,200 skipped: already enabled.")
        );
    }
}
