//! What the Activity screen, its export and its details read. Table: `activity`.
//!
//! Rows are read by id, newest first. One filter may lead, by its own index; the others are looked
//! at row by row, so a caller bounds how many rows that may be (`edge`).

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::clock::Timestamp;
use crate::db::lead::{self, Lead, Value};
use crate::db::schema::activity;
use crate::db::{Conn, MultiBackend};
use crate::domain::audit::Outcome;
use crate::domain::records::Span;
use crate::domain::tool::Tool;
use crate::ids::{AccountId, ApiKeyId, ClientRowId, TokenId, UserId};

/// Times of rows and the order of their ids agree but for this, milliseconds: calls are written
/// down in batches, by several servers.
const DISORDER: i64 = 120_000;

/// Columns whose index has refused calls only.
const CODE: &str = "error_code";
const OUTCOME: &str = "outcome";

/// What of the log is asked for.
#[derive(Debug, Clone, Default)]
pub struct ActivityQuery {
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Calls for this user.
    pub user: Option<UserId>,
    /// Calls of any of these clients.
    pub clients: Option<Vec<ClientRowId>>,
    /// The tool or route.
    pub operation: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Code of the refusal.
    pub code: Option<String>,
    /// The caller's address.
    pub address: Option<String>,
    /// The request's id.
    pub request: Option<String>,
    /// `mcp` or `rest`.
    pub surface: Option<String>,
}

/// A call as the log has it.
#[derive(Debug, Clone, Queryable)]
pub struct CallRow {
    /// Row id.
    pub id: i64,
    /// The request's id.
    pub request_id: String,
    /// When it was answered.
    pub at: Timestamp,
    /// The account that pays.
    pub account_id: Option<AccountId>,
    /// The user.
    pub user_id: Option<UserId>,
    /// The client.
    pub client_id: Option<ClientRowId>,
    /// The token.
    pub token_id: Option<TokenId>,
    /// The caller's address.
    pub address: Option<String>,
    /// `mcp` or `rest`.
    pub surface: String,
    /// The tool or route.
    pub operation: String,
    /// `ok`, `denied`, `limited`, `error`.
    pub outcome: String,
    /// HTTP status of the answer.
    pub status: i32,
    /// Code of the refusal.
    pub error_code: Option<String>,
    /// Rows returned.
    pub rows_returned: i64,
    /// Credits spent.
    pub credits_spent: i64,
    /// From arrival to answer, microseconds.
    pub latency_us: i64,
    /// The key of the REST API.
    pub api_key_id: Option<ApiKeyId>,
}

type Statement<'a> = activity::BoxedQuery<'a, MultiBackend>;

impl ActivityQuery {
    fn one_client(&self) -> Option<ClientRowId> {
        match self.clients.as_deref() {
            Some([client]) => Some(*client),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<Outcome> {
        self.outcome.filter(|outcome| *outcome != Outcome::Ok)
    }

    fn reveals(&self) -> bool {
        self.operation.as_deref() == Some(Tool::RevealContacts.row().name)
    }

    /// The filter that leads: one whose index has its rows by id.
    fn lead(&self) -> Option<Lead> {
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        let refusal = self.refusal().map(|outcome| Value::Text(outcome.as_str().to_owned()));
        [
            ("request_id", text(&self.request)),
            ("address", text(&self.address)),
            ("user_id", self.user.map(|user| Value::Number(user.0))),
            ("client_id", self.one_client().map(|client| Value::Number(client.0))),
            (CODE, text(&self.code)),
            (OUTCOME, refusal),
        ]
        .into_iter()
        .find_map(|(column, value)| {
            Some(Lead { table: "activity", within: None, column, value: value? })
        })
    }

    /// Whether the filter that leads is this one.
    fn is_led_by(&self, column: &str) -> bool {
        self.lead().is_some_and(|lead| lead.column == column)
    }

    /// Whether rows must be looked at that the leading filter lets through and another may not.
    pub fn looks_at_rows(&self) -> bool {
        let filters = [
            self.request.is_some(),
            self.address.is_some(),
            self.user.is_some(),
            self.clients.is_some(),
            self.code.is_some(),
            self.outcome.is_some(),
            self.operation.is_some(),
            self.surface.is_some(),
        ];
        let leading = usize::from(self.lead().is_some() || self.reveals());
        filters.into_iter().filter(|is_set| *is_set).count() > leading
    }
}

/// Rows that the leading filter lets through, by its index alone.
fn leading<'a>(conn: &Conn, query: &ActivityQuery, span: Span) -> Statement<'a> {
    let rows = activity::table.into_boxed();
    let Some(lead) = query.lead() else {
        let rows = rows.filter(activity::id.gt(span.above)).filter(activity::id.lt(span.below));
        // The databases use an index of some rows only where the statement says which, in its text.
        return if query.reveals() {
            rows.filter(sql::<Bool>("activity.operation = 'reveal_contacts'"))
        } else {
            rows
        };
    };
    let rows = rows.filter(lead::rows(conn, &lead, span.above, span.below));
    if [CODE, OUTCOME].contains(&lead.column) {
        rows.filter(sql::<Bool>("activity.outcome <> 'ok'"))
    } else {
        rows
    }
}

/// In the order of ids, by the index of the leading filter.
fn ordered<'a>(rows: Statement<'a>, query: &ActivityQuery, from_newest: bool) -> Statement<'a> {
    match (query.lead(), from_newest) {
        (Some(lead), _) => rows.order(sql::<BigInt>(&lead.order(from_newest))),
        (None, true) => rows.order(activity::id.desc()),
        (None, false) => rows.order(activity::id.asc()),
    }
}

/// Rows that all filters let through. A filter that leads is not named again: see `db::lead`.
fn matching<'a>(conn: &Conn, query: &ActivityQuery, span: Span) -> Statement<'a> {
    let mut rows = leading(conn, query, span);
    if let Some(at) = query.from {
        rows = rows.filter(activity::at.ge(at));
    }
    if let Some(at) = query.until {
        rows = rows.filter(activity::at.lt(at));
    }
    if let Some(user) = query.user.filter(|_| !query.is_led_by("user_id")) {
        rows = rows.filter(activity::user_id.eq(user));
    }
    if let Some(clients) = query.clients.clone().filter(|_| !query.is_led_by("client_id")) {
        rows = rows.filter(activity::client_id.eq_any(clients));
    }
    if let Some(operation) = query.operation.clone() {
        rows = rows.filter(activity::operation.eq(operation));
    }
    if let Some(outcome) = query.outcome.filter(|_| !query.is_led_by(OUTCOME)) {
        rows = rows.filter(activity::outcome.eq(outcome.as_str()));
    }
    if let Some(code) = query.code.clone().filter(|_| !query.is_led_by(CODE)) {
        rows = rows.filter(activity::error_code.eq(code));
    }
    if let Some(address) = query.address.clone().filter(|_| !query.is_led_by("address")) {
        rows = rows.filter(activity::address.eq(address));
    }
    if let Some(surface) = query.surface.clone() {
        rows = rows.filter(activity::surface.eq(surface));
    }
    rows
}

/// The id of the first row at or after `at`, or of one a little before it.
pub fn first_from(conn: &mut Conn, at: Timestamp) -> QueryResult<Option<i64>> {
    activity::table
        .filter(activity::at.ge(Timestamp(at.0.saturating_sub(DISORDER))))
        .order((activity::at.asc(), activity::id.asc()))
        .select(activity::id)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// The id of the last row before `at`, or of one a little after it.
pub fn last_until(conn: &mut Conn, at: Timestamp) -> QueryResult<Option<i64>> {
    activity::table
        .filter(activity::at.lt(Timestamp(at.0.saturating_add(DISORDER))))
        .order((activity::at.desc(), activity::id.desc()))
        .select(activity::id)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// The row that is `rows` rows into the span by the leading filter alone, from its newer or its
/// older end; none if there are not so many.
pub fn edge(
    conn: &mut Conn,
    query: &ActivityQuery,
    span: Span,
    rows: i64,
    from_newest: bool,
) -> QueryResult<Option<i64>> {
    let rows_of_lead = leading(conn, query, span);
    ordered(rows_of_lead, query, from_newest)
        .select(activity::id)
        .offset(rows)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// Rows that match, at most `limit`, from the span's newer or its older end.
pub fn rows(
    conn: &mut Conn,
    query: &ActivityQuery,
    span: Span,
    limit: i64,
    from_newest: bool,
) -> QueryResult<Vec<CallRow>> {
    let rows = matching(conn, query, span);
    ordered(rows, query, from_newest).limit(limit).load(conn)
}

/// How many rows match, as far as `limit`.
pub fn count(conn: &mut Conn, query: &ActivityQuery, span: Span, limit: i64) -> QueryResult<i64> {
    let rows = matching(conn, query, span);
    let ids: Vec<i64> = ordered(rows, query, true).select(activity::id).limit(limit).load(conn)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The row with that id.
pub fn by_id(conn: &mut Conn, id: i64) -> QueryResult<Option<CallRow>> {
    activity::table.find(id).get_result(conn).optional()
}

/// When the oldest row was written.
pub fn oldest(conn: &mut Conn) -> QueryResult<Option<Timestamp>> {
    activity::table
        .order((activity::at.asc(), activity::id.asc()))
        .select(activity::at)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// When that row was written.
pub fn time_of(conn: &mut Conn, id: i64) -> QueryResult<Option<Timestamp>> {
    activity::table.find(id).select(activity::at).get_result(conn).optional()
}
