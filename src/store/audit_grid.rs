//! What the Audit screen, its export and its details read. Table: `audit`. Rows are read by id, as
//! those of the activity log are (`activity_grid`).

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::clock::Timestamp;
use crate::db::lead::{self, Lead, Value};
use crate::db::schema::audit;
use crate::db::{Conn, MultiBackend};
use crate::domain::audit::{Action, Outcome};
use crate::domain::records::Span;
use crate::ids::UserId;

/// Times of rows and the order of their ids agree but for this, milliseconds.
const DISORDER: i64 = 120_000;
/// Kinds of targets whose name is that of a client.
const OF_CLIENTS: [&str; 3] = ["client", "connection", "token"];

/// The column whose index has refused acts only.
const OUTCOME: &str = "outcome";

/// The column whose index has the kind of target before it.
const THING: &str = "target_id";

/// What of the log is asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Who acted, or whom it was about.
    pub person: Option<UserId>,
    /// The client's name, as it may be spelled.
    pub clients: Option<Vec<String>>,
    /// What it was done to: a kind of target, and its row id.
    pub thing: Option<(&'static str, i64)>,
    /// Any of these actions.
    pub actions: Option<Vec<Action>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The caller's address.
    pub address: Option<String>,
    /// The request's id: the batch.
    pub request: Option<String>,
    /// Whether `person` themself asks: of what others did they read who, what and when.
    pub is_own: bool,
}

/// An entry as the log has it.
#[derive(Debug, Clone, Queryable)]
pub struct EntryRow {
    /// Row id.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The request in which it happened.
    pub request_id: Option<String>,
    /// Who did it, if a user.
    pub actor_id: Option<UserId>,
    /// Their name at that time.
    pub actor: String,
    /// What.
    pub action: String,
    /// The kind of thing it was done to.
    pub target_kind: Option<String>,
    /// Its row id.
    pub target_id: Option<i64>,
    /// Its name at that time.
    pub target: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// From where.
    pub address: Option<String>,
    /// More, a JSON object.
    pub detail: String,
    /// The user whom it is about.
    pub about_user_id: Option<UserId>,
}

impl EntryRow {
    /// Whether somebody failed to sign in as the person whom it is about: nobody whose address would
    /// have to be kept from that person.
    pub fn is_failed_sign_in(&self) -> bool {
        self.actor_id.is_none() && self.action == Action::SignIn.as_str()
    }

    /// Takes out what `person` may not read of what somebody else did.
    pub fn hide_from(&mut self, person: Option<UserId>) {
        if self.actor_id.is_none() || self.actor_id != person {
            if !self.is_failed_sign_in() {
                self.address = None;
            }
            self.request_id = None;
            "{}".clone_into(&mut self.detail);
        }
    }

    /// The name of the client that it is about.
    pub fn client(&self) -> Option<&str> {
        let kind = self.target_kind.as_deref()?;
        OF_CLIENTS.contains(&kind).then_some(self.target.as_deref()).flatten()
    }
}

type Statement<'a> = audit::BoxedQuery<'a, MultiBackend>;

/// Which of the two ways a person is in an entry; each has an index, both together have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Acted,
    Concerned,
    /// No person is asked for.
    Anybody,
}

impl AuditQuery {
    fn one_action(&self) -> Option<&'static str> {
        match self.actions.as_deref() {
            Some([action]) => Some(action.as_str()),
            _ => None,
        }
    }

    fn one_client(&self) -> Option<&str> {
        match self.clients.as_deref() {
            Some([name]) => Some(name),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<Outcome> {
        self.outcome.filter(|outcome| *outcome != Outcome::Ok)
    }

    /// The filter that leads: one whose index has its rows by id.
    fn lead(&self, part: Part) -> Option<Lead> {
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        let word = |word: &str| Value::Text(word.to_owned());
        let person = self.person.map(|person| Value::Number(person.0));
        let column = if part == Part::Acted { "actor_id" } else { "about_user_id" };
        let thing = self.thing.map(|(_, id)| Value::Number(id));
        [
            ("request_id", text(&self.request)),
            (column, person),
            (THING, thing),
            ("target", self.one_client().map(word)),
            ("address", text(&self.address)),
            ("action", self.one_action().map(word)),
            (OUTCOME, self.refusal().map(|outcome| word(outcome.as_str()))),
        ]
        .into_iter()
        .find_map(|(column, value)| {
            let within =
                self.thing.filter(|_| column == THING).map(|(kind, _)| ("target_kind", kind));
            Some(Lead { table: "audit", within, column, value: value? })
        })
    }

    /// Whether the filter that leads is this one.
    fn is_led_by(&self, column: &str, part: Part) -> bool {
        self.lead(part).is_some_and(|lead| lead.column == column)
    }

    fn parts(&self) -> &'static [Part] {
        if self.person.is_some() { &[Part::Acted, Part::Concerned] } else { &[Part::Anybody] }
    }

    /// Whether rows must be looked at that the leading filter lets through and another may not.
    pub fn looks_at_rows(&self) -> bool {
        let filters = [
            self.request.is_some(),
            self.person.is_some(),
            self.clients.is_some(),
            self.thing.is_some(),
            self.address.is_some(),
            self.actions.is_some(),
            self.outcome.is_some(),
        ];
        let leading = usize::from(self.lead(Part::Anybody).is_some());
        filters.into_iter().filter(|is_set| *is_set).count() > leading
    }
}

/// Rows that the leading filter lets through, by its index alone.
fn leading<'a>(conn: &Conn, query: &AuditQuery, span: Span, part: Part) -> Statement<'a> {
    let rows = audit::table.into_boxed();
    let Some(lead) = query.lead(part) else {
        return rows.filter(audit::id.gt(span.above)).filter(audit::id.lt(span.below));
    };
    let rows = rows.filter(lead::rows(conn, &lead, span.above, span.below));
    // The databases use an index of some rows only where the statement says which, in its text.
    if lead.column == OUTCOME { rows.filter(sql::<Bool>("audit.outcome <> 'ok'")) } else { rows }
}

/// In the order of ids, by the index of the leading filter.
fn ordered<'a>(
    rows: Statement<'a>,
    query: &AuditQuery,
    part: Part,
    from_newest: bool,
) -> Statement<'a> {
    match (query.lead(part), from_newest) {
        (Some(lead), _) => rows.order(sql::<BigInt>(&lead.order(from_newest))),
        (None, true) => rows.order(audit::id.desc()),
        (None, false) => rows.order(audit::id.asc()),
    }
}

/// Rows that all filters let through. A filter that leads is not named again: see `db::lead`.
fn matching<'a>(conn: &Conn, query: &AuditQuery, span: Span, part: Part) -> Statement<'a> {
    let mut rows = leading(conn, query, span, part);
    if query.request.is_some() {
        rows = match part {
            Part::Acted => rows.filter(audit::actor_id.eq(query.person)),
            Part::Concerned => rows.filter(audit::about_user_id.eq(query.person)),
            Part::Anybody => rows,
        };
    }
    if let Some(at) = query.from {
        rows = rows.filter(audit::at.ge(at));
    }
    if let Some(at) = query.until {
        rows = rows.filter(audit::at.lt(at));
    }
    if let Some(names) = query.clients.clone() {
        rows = rows.filter(audit::target_kind.eq_any(OF_CLIENTS.map(Some)));
        if !query.is_led_by("target", part) {
            rows = rows.filter(audit::target.eq_any(names.into_iter().map(Some)));
        }
    }
    if let Some((kind, id)) = query.thing.filter(|_| !query.is_led_by(THING, part)) {
        rows = rows.filter(audit::target_kind.eq(kind)).filter(audit::target_id.eq(id));
    }
    if let Some(actions) = query.actions.as_ref().filter(|_| !query.is_led_by("action", part)) {
        let names: Vec<&'static str> = actions.iter().map(|action| action.as_str()).collect();
        rows = rows.filter(audit::action.eq_any(names));
    }
    if let Some(outcome) = query.outcome.filter(|_| !query.is_led_by(OUTCOME, part)) {
        rows = rows.filter(audit::outcome.eq(outcome.as_str()));
    }
    if let Some(address) = query.address.clone().filter(|_| !query.is_led_by("address", part)) {
        rows = rows.filter(audit::address.eq(address));
    }
    rows
}

/// Whether an entry is about a client of that name, in that spelling.
pub fn knows_client(conn: &mut Conn, name: &str) -> QueryResult<bool> {
    let entries = audit::table
        .filter(audit::target.eq(name))
        .filter(audit::target_kind.eq_any(OF_CLIENTS.map(Some)));
    diesel::select(diesel::dsl::exists(entries)).get_result(conn)
}

/// The id of the first row at or after `at`, or of one a little before it.
pub fn first_from(conn: &mut Conn, at: Timestamp) -> QueryResult<Option<i64>> {
    audit::table
        .filter(audit::at.ge(Timestamp(at.0.saturating_sub(DISORDER))))
        .order((audit::at.asc(), audit::id.asc()))
        .select(audit::id)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// The id of the last row before `at`, or of one a little after it.
pub fn last_until(conn: &mut Conn, at: Timestamp) -> QueryResult<Option<i64>> {
    audit::table
        .filter(audit::at.lt(Timestamp(at.0.saturating_add(DISORDER))))
        .order((audit::at.desc(), audit::id.desc()))
        .select(audit::id)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// The row that is `rows` rows into the span by the leading filter alone, from its newer or its
/// older end; none if there are not so many.
pub fn edge(
    conn: &mut Conn,
    query: &AuditQuery,
    span: Span,
    rows: i64,
    from_newest: bool,
) -> QueryResult<Option<i64>> {
    let mut edges = Vec::new();
    for part in query.parts() {
        let of_lead = leading(conn, query, span, *part);
        let found: Option<i64> = ordered(of_lead, query, *part, from_newest)
            .select(audit::id)
            .offset(rows)
            .limit(1)
            .get_result(conn)
            .optional()?;
        edges.extend(found);
    }
    Ok(if from_newest { edges.into_iter().max() } else { edges.into_iter().min() })
}

/// Rows that match, at most `limit`, from the span's newer or its older end.
pub fn rows(
    conn: &mut Conn,
    query: &AuditQuery,
    span: Span,
    limit: i64,
    from_newest: bool,
) -> QueryResult<Vec<EntryRow>> {
    let mut rows: Vec<EntryRow> = Vec::new();
    for part in query.parts() {
        let found = matching(conn, query, span, *part);
        let found = ordered(found, query, *part, from_newest).limit(limit);
        rows.extend(found.load::<EntryRow>(conn)?);
    }
    rows.sort_by_key(|row| if from_newest { -row.id } else { row.id });
    rows.dedup_by_key(|row| row.id);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

/// How many rows match, as far as `limit`.
pub fn count(conn: &mut Conn, query: &AuditQuery, span: Span, limit: i64) -> QueryResult<i64> {
    let mut ids: Vec<i64> = Vec::new();
    for part in query.parts() {
        let found = matching(conn, query, span, *part);
        let found = ordered(found, query, *part, true).select(audit::id).limit(limit);
        ids.extend(found.load::<i64>(conn)?);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX).min(limit))
}

/// The row with that id.
pub fn by_id(conn: &mut Conn, id: i64) -> QueryResult<Option<EntryRow>> {
    audit::table.find(id).get_result(conn).optional()
}

/// When the oldest row was written.
pub fn oldest(conn: &mut Conn) -> QueryResult<Option<Timestamp>> {
    audit::table
        .order((audit::at.asc(), audit::id.asc()))
        .select(audit::at)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// When that row was written.
pub fn time_of(conn: &mut Conn, id: i64) -> QueryResult<Option<Timestamp>> {
    audit::table.find(id).select(audit::at).get_result(conn).optional()
}
