//! `GET /admin/accounts/{account}`: an account, with the tabs Usage, Ledger and People.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::ledger::Ledger;
use super::{PATH, account_id};
use crate::clock::Timestamp;
use crate::console::mcp_users::back::parameter;
use crate::console::mcp_users::parts::{self, Pager};
use crate::console::mcp_users::query;
use crate::console::steps::{problem, status};
use crate::domain::access::Permission;
use crate::domain::credit::EntryKind;
use crate::domain::quota::Span;
use crate::error::{Error, Result};
use crate::ids::PlanId;
use crate::service::accounts::{self, Access, Account};
use crate::service::plans::Offered;
use crate::service::{Ctx, plans};
use crate::store::account_grid::{MemberRow, Slice};
use crate::store::accounts::AccountTerms;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{self, Shell, render_with_status};
use crate::web::viewer::{Admin, ViewAccounts, Viewer};

/// People a page.
const PAGE_SIZE: i64 = 50;

/// What has been used of a limit.
pub(super) struct Usage {
    title: &'static str,
    used: i64,
    limit: i64,
    resets: String,
    /// What the limit is made of, if administrators gave or took some of it.
    made_of: Option<String>,
}

impl Usage {
    fn left(&self) -> String {
        parts::number(&(self.limit - self.used).max(0))
    }
}

/// The form of name, plan and access, with what it holds.
pub(super) struct Form {
    pub was: String,
    pub name: String,
    pub plan: Option<PlanId>,
    pub api_access: String,
    pub plans: Vec<Offered>,
}

/// A tab with what it shows.
pub(super) enum Tab {
    Usage { bars: Vec<Usage>, form: Form },
    Ledger(Ledger),
    People { rows: Vec<MemberRow>, page: i64 },
}

impl Tab {
    fn is(&self, name: &str) -> bool {
        name == match self {
            Self::Usage { .. } => "usage",
            Self::Ledger(_) => "ledger",
            Self::People { .. } => "people",
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    shell: Shell,
    now: Timestamp,
    errors: Vec<Error>,
    may_change: bool,
    account: Account,
    tab: Tab,
    /// The way through the people.
    pager: Pager,
}

impl AccountPage {
    fn problem(&self, name: &str) -> Option<&str> {
        problem(&self.errors, name)
    }

    fn access(&self) -> Access {
        Access::of(&self.account.plan, self.account.row.api_access)
    }
}

/// `GET /admin/accounts/{account}?tab=usage|ledger|people`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewAccounts>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let account = accounts::by_id(&ctx, account_id(&path)?).await?;
    let query = request.query_string();
    let tab = match parameter(query, "tab").as_str() {
        "ledger" => Tab::Ledger(Ledger::load(&ctx, account.row.id, query).await?),
        "people" if viewer.may(Permission::ViewUsers) => people(&ctx, &account, query).await?,
        _ => {
            let form = Form::of(&ctx, &account.row.terms()).await?;
            usage(&ctx, &account, form)
        }
    };
    Ok(page(&ctx, &request, &viewer, account, tab, Vec::new())?)
}

impl Form {
    pub async fn of(ctx: &Ctx, terms: &AccountTerms) -> Result<Self> {
        Ok(Self {
            was: serde_json::to_string(terms).map_err(Error::internal)?,
            name: terms.name.clone(),
            plan: Some(terms.plan_id),
            api_access: if terms.api_access { "on" } else { "off" }.to_owned(),
            plans: plans::list(ctx).await?,
        })
    }

    /// Whether that plan is the one chosen.
    pub fn is_chosen(&self, offered: &Offered) -> bool {
        self.plan == Some(offered.plan.id)
    }
}

/// The tab of bars and form.
pub(super) fn usage(ctx: &Ctx, account: &Account, form: Form) -> Tab {
    let (now, plan, used) = (ctx.clock.now(), &account.plan, account.used);
    let resets = |span: Span| {
        let at = span.reset(now);
        match span {
            Span::Minute => format!("Starts again at {}", page::clock(&at)),
            _ => format!("Starts again on {}, {}", page::day(&at), page::clock(&at)),
        }
    };
    let bar = |title, used, limit, span| Usage {
        title,
        used,
        limit,
        resets: resets(span),
        made_of: None,
    };
    let bars = vec![
        bar("Requests this minute", used.minute, plan.requests_per_minute, Span::Minute),
        bar("Requests today", used.day, plan.requests_per_day, Span::Day),
        bar("Search rows this month", used.rows, plan.rows_per_month, Span::Month),
        Usage {
            made_of: made_of(plan.credits_per_month, account.granted, account.withdrawn),
            ..bar("Credits this month", used.credits.used, used.credits.limit, Span::Month)
        },
    ];
    Tab::Usage { bars, form }
}

/// What the credits of a month are made of, if administrators changed what the plan gives.
fn made_of(of_plan: i64, granted: i64, withdrawn: i64) -> Option<String> {
    let mut text = format!("{} of the plan", parts::number(&of_plan));
    for (sign, amount, word) in [("+", granted, "granted"), ("−", withdrawn, "withdrawn")] {
        if amount > 0 {
            text.push_str(&format!(" {sign} {} {word}", parts::number(&amount)));
        }
    }
    (granted + withdrawn > 0).then_some(text)
}

async fn people(ctx: &Ctx, account: &Account, query: &str) -> Result<Tab> {
    let typed = parameter(query, "page");
    let last = parts::last_page(account.people, PAGE_SIZE);
    let page = query::page(&typed).unwrap_or(1).clamp(1, last);
    let slice = Slice { offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE };
    let rows = accounts::members(ctx, account.row.id, slice).await?;
    Ok(Tab::People { rows, page })
}

fn pager(page: i64, people: i64) -> Pager {
    let last = parts::last_page(people, PAGE_SIZE);
    let href = |page: i64| format!("?tab=people&page={page}");
    Pager {
        // The account's own address.
        path: "",
        page,
        last,
        previous: (page > 1).then(|| href(page - 1)),
        next: (page < last).then(|| href(page + 1)),
        hidden: vec![("tab", "people".to_owned())],
    }
}

/// The page with a tab.
pub(super) fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    account: Account,
    tab: Tab,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = status(&errors);
    let template = AccountPage {
        shell: Shell::new(ctx, request, viewer),
        now: ctx.clock.now(),
        may_change: viewer.may(Permission::ManageAccounts),
        errors,
        pager: pager(if let Tab::People { page, .. } = &tab { *page } else { 1 }, account.people),
        account,
        tab,
    };
    render_with_status(&template, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_that_are_not_the_plans_say_what_they_are_made_of() {
        assert_eq!(made_of(500, 0, 400).as_deref(), Some("500 of the plan − 400 withdrawn"));
        assert_eq!(made_of(10_000, 250, 0).as_deref(), Some("10,000 of the plan + 250 granted"));
        let both = made_of(3_000, 1_500, 4_500);
        assert_eq!(both.as_deref(), Some("3,000 of the plan + 1,500 granted − 4,500 withdrawn"));
        assert_eq!(made_of(500, 0, 0), None);
    }
}
