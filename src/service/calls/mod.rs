//! What may be called, from arguments to answer: one file each with its input, output and work.
//! The MCP tools and the REST API are two ways to the same calls, so that arguments, limits, costs
//! and results cannot differ. Here: the one way a call goes (arguments, quota, work, settling).

mod enrich_domains;
mod examples;
pub mod fields;
mod get_store;
mod get_usage;
mod line;
mod list_taxonomy;
mod reveal_contacts;
mod schema;
mod search_contacts;
mod search_stores;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::audit::Outcome;
use crate::domain::tool::Tool;
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::service::meter::{self, Cost};
use crate::service::verify::Principal;
use crate::store::activity::NewActivity;

pub use examples::{Example, example};
pub use line::Line;
pub use schema::{JsonObject, Schemas};

/// The way a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// As a tool, at the MCP endpoint, where a refusal is a result like any other.
    Mcp,
    /// At the REST API.
    Rest,
    /// In the browser, by a person.
    Console,
}

impl Surface {
    /// As the log keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Rest => "rest",
            Self::Console => "console",
        }
    }

    /// The HTTP status that a failure of a call is answered with.
    fn status(self, code: ErrorCode) -> i32 {
        match self {
            Self::Mcp => 200,
            Self::Rest | Self::Console => i32::from(code.status()),
        }
    }
}

/// Who calls, and how.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the gate found out.
    pub principal: Principal,
    /// The way it came.
    pub surface: Surface,
    /// The request's id.
    pub request_id: String,
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// When the request arrived.
    pub arrived: Instant,
    /// Whether its row was made.
    pub recorded: Recorded,
}

/// Whether a call's row was made; shared by all that have a hand in the call.
#[derive(Debug, Clone, Default)]
pub struct Recorded(Arc<AtomicBool>);

impl Recorded {
    /// Whether it was.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Caller {
    /// The activity row of a call.
    pub fn record(
        &self,
        ctx: &Ctx,
        operation: &str,
        outcome: &'static str,
        status: i32,
        code: Option<&str>,
        rows: i64,
    ) -> NewActivity {
        let credential = self.principal.credential;
        self.recorded.0.store(true, Ordering::Relaxed);
        NewActivity {
            request_id: self.request_id.clone(),
            at: ctx.clock.now(),
            account_id: Some(self.principal.account),
            user_id: Some(self.principal.user),
            client_id: self.principal.client,
            token_id: credential.token(),
            api_key_id: credential.key(),
            address: self.address.map(|address| address.to_string()),
            surface: self.surface.as_str(),
            operation: operation.to_owned(),
            outcome,
            status,
            error_code: code.map(str::to_owned),
            rows_returned: rows,
            credits_spent: 0,
            latency_us: micros(self.arrived),
        }
    }
}

/// Microseconds since `arrived`.
pub fn micros(arrived: Instant) -> i64 {
    i64::try_from(arrived.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// What a call returns: its JSON, and what it costs.
struct Done {
    output: Value,
    cost: Cost,
}

/// A call's work.
enum Work {
    /// Done, and still to be counted and written down.
    Done(Done),
    /// Counted and written down already, whatever came of it: what spends credits does so in the
    /// transaction that spends them.
    Settled(Result<Value>),
}

/// The schemas of what a call takes and returns, with all their words.
pub fn schemas(tool: Tool) -> Schemas {
    match tool {
        Tool::GetUsage => Schemas::of::<NoInput, get_usage::Output>(),
        Tool::ListTaxonomy => Schemas::of::<NoInput, list_taxonomy::Output>(),
        Tool::GetStore => Schemas::of::<get_store::Input, get_store::Output>(),
        Tool::SearchStores => Schemas::of::<search_stores::Input, search_stores::Output>(),
        Tool::EnrichDomains => Schemas::of::<enrich_domains::Input, enrich_domains::Output>(),
        Tool::SearchContacts => Schemas::of::<search_contacts::Input, search_contacts::Output>(),
        Tool::RevealContacts => Schemas::of::<reveal_contacts::Input, reveal_contacts::Output>(),
    }
}

/// A call without arguments takes none.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoInput {}

/// The one way from arguments to answer. Whatever comes of it is counted and written down once.
///
/// # Errors
/// What the caller is told instead of an answer.
pub async fn perform(
    ctx: &Ctx,
    caller: &Caller,
    line: &Line,
    tool: Tool,
    arguments: JsonObject,
) -> Result<Value> {
    let worked = tokio::select! {
        biased;
        worked = work(ctx, caller, line, tool, arguments) => worked,
        // What spends looks at the line itself, and is never left in the middle.
        () = line.cut(), if tool.row().is_read_only => Err(hung_up()),
    };
    let answer = match worked {
        Ok(Work::Done(done)) => settle(ctx, caller, tool, done).await,
        Ok(Work::Settled(result)) => result,
        Err(error) => Err(note(ctx, caller, tool, error).await),
    }
    .map_err(|error| with_place(tool, error));
    let outcome = answer.as_ref().map_or_else(|error| meter::outcome(error.code), |_| Outcome::Ok);
    ctx.metrics.call(caller.surface, tool, outcome);
    answer
}

/// Names the argument that asks for too many rows.
fn with_place(tool: Tool, error: Error) -> Error {
    match (error.code, tool) {
        (ErrorCode::RowQuotaExceeded, Tool::EnrichDomains) => {
            Error { param: Some("domains".into()), ..error }
        }
        (ErrorCode::RowQuotaExceeded, _) => Error { param: Some("limit".into()), ..error },
        _ => error,
    }
}

/// What is written down of a call whose caller has hung up.
fn hung_up() -> Error {
    Error::new(ErrorCode::Cancelled, "The caller hung up.")
}

async fn work(
    ctx: &Ctx,
    caller: &Caller,
    line: &Line,
    tool: Tool,
    arguments: JsonObject,
) -> Result<Work> {
    let done = match tool {
        Tool::GetUsage => get_usage::run(ctx, caller, parse(arguments)?).await,
        Tool::ListTaxonomy => list_taxonomy::run(ctx, caller, parse(arguments)?).await,
        Tool::GetStore => get_store::run(ctx, caller, parse(arguments)?).await,
        Tool::SearchStores => search_stores::run(ctx, caller, parse(arguments)?).await,
        Tool::EnrichDomains => enrich_domains::run(ctx, caller, parse(arguments)?).await,
        Tool::SearchContacts => search_contacts::run(ctx, caller, parse(arguments)?).await,
        Tool::RevealContacts => {
            let result = reveal_contacts::run(ctx, caller, line, parse(arguments)?).await?;
            return Ok(Work::Settled(result));
        }
    };
    done.map(Work::Done)
}

/// What a call without arguments returns, for the resource that repeats it. Costs nothing, and is
/// written down under the name of `operation`, whatever comes of it.
///
/// # Errors
/// What the caller is told instead of an answer; that the role does not allow it, too.
pub async fn read(ctx: &Ctx, caller: &Caller, tool: Tool, operation: &str) -> Result<Value> {
    let answer = if caller.principal.tools.contains(&tool) {
        work(ctx, caller, &Line::default(), tool, JsonObject::new()).await
    } else {
        Err(Error::new(ErrorCode::PermissionDenied, "Your role does not include this."))
    };
    let answer = answer.and_then(|work| match work {
        Work::Done(done) => Ok(done.output),
        Work::Settled(result) => result,
    });
    let code = answer.as_ref().err().map(|error| error.code);
    let outcome = code.map_or(Outcome::Ok, meter::outcome).as_str();
    let status = code.map_or(200, |code| caller.surface.status(code));
    let call = caller.record(ctx, operation, outcome, status, code.map(ErrorCode::as_str), 0);
    meter::note(ctx, call).await?;
    answer
}

/// What a call returns that its caller has paid for before: nothing is counted or written down.
///
/// # Errors
/// What the caller is told instead of an answer; our own mistake for what could spend.
pub async fn again(ctx: &Ctx, caller: &Caller, tool: Tool, arguments: JsonObject) -> Result<Value> {
    if !tool.row().is_read_only {
        return Err(Error::internal("what spends is not called again"));
    }
    let mut caller = caller.clone();
    caller.principal.plan = caller.principal.plan.uncounted();
    match work(ctx, &caller, &Line::default(), tool, arguments).await? {
        Work::Done(done) => Ok(done.output),
        Work::Settled(result) => result,
    }
}

/// How the complaint about arguments begins that cannot be read.
pub const NOT_RIGHT: &str = "The arguments are not right";

/// Reads arguments; the complaint is for whoever wrote them and can correct them (SEP-1303).
fn parse<T: DeserializeOwned>(arguments: JsonObject) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| Error {
        param: place(&error).map(Into::into),
        ..Error::new(ErrorCode::InvalidRequest, format!("{NOT_RIGHT}: {}.", error.inner()))
    })
}

/// Where the mistake is: `filters.country[0]`. What is missing is named in the complaint alone.
fn place(error: &serde_path_to_error::Error<serde_json::Error>) -> Option<String> {
    let told = error.inner().to_string();
    let missing = told.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let path = error.path().to_string();
    match (path.as_str(), missing) {
        (".", missing) => missing.map(str::to_owned),
        (_, Some(missing)) => Some(format!("{path}.{missing}")),
        (_, None) => Some(path),
    }
}

/// Serialises a call's output.
fn output(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// The call counts with the plan's requests, and not with those that cost nothing.
fn paid(ctx: &Ctx, caller: &Caller) {
    ctx.free_calls.give_back(caller.principal.credential, ctx.clock.now());
}

/// Counts and writes down a call that worked; without that, no answer.
async fn settle(ctx: &Ctx, caller: &Caller, tool: Tool, done: Done) -> Result<Value> {
    let mut call =
        caller.record(ctx, tool.row().name, Outcome::Ok.as_str(), 200, None, done.cost.rows);
    call.at = ctx.clock.now();
    meter::settle(ctx, &caller.principal, done.cost, call).await??;
    if done.cost.requests > 0 {
        paid(ctx, caller);
    }
    Ok(done.output)
}

/// Writes down a call that did not work, as what it was. One that looked and found nothing costs a
/// request like any other, and so does one that nobody waited for. What the caller is told.
pub async fn note(ctx: &Ctx, caller: &Caller, tool: Tool, error: Error) -> Error {
    let outcome = meter::outcome(error.code);
    let status = caller.surface.status(error.code);
    let code = Some(error.code.as_str());
    let call = caller.record(ctx, tool.row().name, outcome.as_str(), status, code, 0);
    let looked = matches!(error.code, ErrorCode::NotFound | ErrorCode::Cancelled)
        && tool.row().costs_request;
    let cost = if looked { Cost { requests: 1, rows: 0 } } else { Cost::default() };
    match meter::settle(ctx, &caller.principal, cost, call).await {
        Ok(Ok(())) => {
            if looked {
                paid(ctx, caller);
            }
            error
        }
        Ok(Err(refused)) => refused,
        Err(failed) => failed,
    }
}

/// Writes down a call of a tool that is not there for this caller: `named`, which the role does not
/// allow, or a name of their own, which is not kept.
///
/// # Errors
/// When the database cannot answer.
pub async fn note_unknown(ctx: &Ctx, caller: &Caller, named: Option<Tool>) -> Result<()> {
    match named {
        Some(tool) => ctx.metrics.call(caller.surface, tool, Outcome::Denied),
        None => ctx.metrics.unknown_tool(),
    }
    let (operation, outcome, code) = match named {
        Some(tool) => (tool.row().name, Outcome::Denied, ErrorCode::PermissionDenied),
        None => ("tools/call", Outcome::Error, ErrorCode::NotFound),
    };
    let code = Some(code.as_str());
    meter::note(ctx, caller.record(ctx, operation, outcome.as_str(), 200, code, 0)).await
}
