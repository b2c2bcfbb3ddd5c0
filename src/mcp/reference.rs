//! The reference of the tools, for people: made from the same tables and types as the definitions
//! that clients get, so that it cannot say anything else. `docs/tools.md` is this page.

use std::fmt::Write;

pub use crate::service::calls::{Example, example};

use crate::domain::filter::{LONGEST_VALUE, MOST_VALUES};
use crate::domain::scope::SCOPES;
use crate::domain::tool::{TOOLS, Tool, ToolRow};
use crate::domain::words::SHORTEST_TEXT;
use crate::error::ErrorCode;
use crate::service::calls::{self, fields};

const OPENING: &str = "\
# The tools

What AI clients can call at `/mcp`, and what comes back. This page is made from the definitions that the clients get
themselves.

A client sees the tools that the role of its user allows. Calling one also needs the tool's scope, which the user approves when
the client connects; without it the call is refused with HTTP 403 and the scopes to ask for.

";

const ANSWERS: &str = "\
## Answers and errors

Every answer is an object in `structuredContent`, and the same as text in `content`. A call that is refused or fails has
`isError: true` and `structuredContent.error`:

| field | what |
| --- | --- |
| `code` | One of the codes below |
| `message` | What is wrong and what to do about it |
| `request_id` | The id under which the call is in the activity log |
| `retry_after` | Seconds until it is worth trying again, where time helps |

";

/// The whole page, in Markdown.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    overview(&mut page);
    page.push_str(ANSWERS);
    codes(&mut page);
    filters(&mut page);
    for row in &TOOLS {
        tool(&mut page, row);
    }
    page
}

fn overview(page: &mut String) {
    page.push_str("| tool | for | scope | cost |\n| --- | --- | --- | --- |\n");
    for row in &TOOLS {
        let line = format!(
            "| [`{0}`](#{0}) | {1} | `{2}` | {3} |\n",
            row.name,
            row.title,
            scope_name(row),
            cost(row.tool)
        );
        page.push_str(&line);
    }
    page.push('\n');
}

fn codes(page: &mut String) {
    page.push_str("| code | when | tools |\n| --- | --- | --- |\n");
    for (code, when) in ERRORS {
        let tools: Vec<_> = TOOLS.iter().filter(|row| errors(row).contains(&code)).collect();
        let names = if tools.len() == TOOLS.len() {
            "all".to_owned()
        } else {
            tools.iter().map(|row| format!("`{}`", row.name)).collect::<Vec<_>>().join(", ")
        };
        line(page, &format!("| `{}` | {when} | {names} |", code.as_str()));
    }
    page.push('\n');
}

fn filters(page: &mut String) {
    let limits = format!(
        "## Filters\n\nDifferent filters narrow each other; a list means any of its values. A list takes at most {MOST_VALUES} values of 1 to \
         {LONGEST_VALUE}\ncharacters, `q` takes {SHORTEST_TEXT} to {LONGEST_VALUE}; in scripts without spaces, like Chinese, one letter is enough. Which \
         values there\nare is what `list_taxonomy` returns. A cursor belongs to the person and to the filters and the sort that it came with; with others it is `invalid_cursor`.\n",
    );
    line(page, &limits);
}

fn tool(page: &mut String, row: &ToolRow) {
    let schemas = calls::schemas(row.tool);
    line(page, &format!("## {}\n\n**{}.** {}\n", row.name, row.title, row.description));
    let changes = if row.is_read_only { "Changes nothing." } else { "Spends credits." };
    line(page, &format!("Scope `{}`. Cost: {}. {changes}\n", scope_name(row), cost(row.tool)));
    line(page, "### Input\n");
    let taken = fields::of(&schemas.input);
    if taken.is_empty() {
        line(page, "None.\n");
    } else {
        line(page, "| field | what it is | needed | what it does |\n| --- | --- | --- | --- |");
        for field in taken {
            let needed = field.needed();
            line(
                page,
                &format!("| `{}` | {} | {needed} | {} |", field.path, field.kind, field.words),
            );
        }
        page.push('\n');
    }
    line(page, "### Output\n\n| field | what it is | what it says |\n| --- | --- | --- |");
    for field in fields::of(&schemas.output) {
        let kind = if field.is_required {
            field.kind.clone()
        } else {
            format!("{}; may be left out", field.kind)
        };
        line(page, &format!("| `{}` | {kind} | {} |", field.path, field.words));
    }
    let codes: Vec<_> = errors(row).iter().map(|code| format!("`{}`", code.as_str())).collect();
    line(page, &format!("\n### Errors\n\n{}\n", codes.join(", ")));
    let Example { arguments, answer } = example(row.tool);
    let pretty = |value| serde_json::to_string_pretty(value).unwrap_or_default();
    let call = serde_json::json!({ "name": row.name, "arguments": arguments });
    let example = format!(
        "### Example\n\n```json\n{}\n```\n\n```json\n{}\n```\n",
        pretty(&call),
        pretty(&answer)
    );
    line(page, &example);
}

fn line(page: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(page, "{text}");
}

fn scope_name(row: &ToolRow) -> &'static str {
    SCOPES.iter().find(|scope| scope.scope == row.scope).map_or("", |scope| scope.name)
}

/// What a call costs (contract §7).
fn cost(tool: Tool) -> &'static str {
    match tool {
        Tool::GetUsage | Tool::ListTaxonomy => "nothing",
        Tool::GetStore => "1 request",
        Tool::SearchStores | Tool::SearchContacts => {
            "1 request, and 1 search row for each row returned"
        }
        Tool::EnrichDomains => "1 request, and 1 search row for each store found",
        Tool::RevealContacts => {
            "1 request, and 1 credit for each contact that the account reveals for the first time"
        }
    }
}

/// The errors of results, with when they come.
const ERRORS: [(ErrorCode, &str); 14] = [
    (
        ErrorCode::InvalidRequest,
        "An argument is missing, unknown or not as the input below says; the message names it",
    ),
    (ErrorCode::InvalidDomain, "The text is no domain name"),
    (
        ErrorCode::InvalidContactId,
        "None of the texts is a contact's id; one among others is told as the outcome of that one",
    ),
    (ErrorCode::InvalidCursor, "The cursor is of another search, another person or another server"),
    (ErrorCode::NotFound, "The index does not have it"),
    (
        ErrorCode::ConfirmationRequired,
        "Credits would be spent; the message says how many. Ask the person, then confirm",
    ),
    (
        ErrorCode::InsufficientCredits,
        "It would cost more credits than are left; nothing was spent and nothing revealed",
    ),
    (ErrorCode::IdempotencyConflict, "The key came with other contacts before"),
    (
        ErrorCode::ApiAccessDisabled,
        "The plan of the account gives no access; an administrator can change it",
    ),
    (ErrorCode::RateLimitExceeded, "The requests of this minute are used up"),
    (ErrorCode::DailyLimitExceeded, "The requests of this day (UTC) are used up"),
    (
        ErrorCode::RowQuotaExceeded,
        "More rows were asked for than are left this month; ask for fewer",
    ),
    (ErrorCode::Unavailable, "The server is busy; try again"),
    (ErrorCode::InternalError, "A fault of the server; the request id leads to it in its log"),
];

/// The errors that a tool's results can carry.
fn errors(row: &ToolRow) -> Vec<ErrorCode> {
    let of_its_own: &[ErrorCode] = match row.tool {
        Tool::GetUsage => &[],
        // Free, and refused all the same.
        Tool::ListTaxonomy => &[ErrorCode::ApiAccessDisabled],
        Tool::GetStore => &[ErrorCode::InvalidDomain, ErrorCode::NotFound],
        Tool::SearchStores | Tool::SearchContacts => {
            &[ErrorCode::InvalidCursor, ErrorCode::RowQuotaExceeded]
        }
        Tool::EnrichDomains => &[ErrorCode::RowQuotaExceeded],
        Tool::RevealContacts => &[
            ErrorCode::InvalidContactId,
            ErrorCode::ConfirmationRequired,
            ErrorCode::InsufficientCredits,
            ErrorCode::IdempotencyConflict,
        ],
    };
    let of_requests: &[ErrorCode] = if row.costs_request {
        &[ErrorCode::ApiAccessDisabled, ErrorCode::RateLimitExceeded, ErrorCode::DailyLimitExceeded]
    } else {
        &[]
    };
    let of_all = [ErrorCode::InvalidRequest, ErrorCode::Unavailable, ErrorCode::InternalError];
    let has = |code: &ErrorCode| {
        of_its_own.contains(code) || of_requests.contains(code) || of_all.contains(code)
    };
    ERRORS.iter().map(|(code, _)| *code).filter(has).collect()
}
