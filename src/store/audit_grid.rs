//! What the Audit screen, its export and its details read. Table: `audit`. Rows are read by id, as
//! those of the activity log are (`activity_grid`).

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::clock::Timestamp;
use crate::db::schema::audit;
use crate::db::{Conn, MultiBackend};
use crate::domain::audit::{Action, Outcome};
use crate::domain::records::Span;
use crate::ids::UserId;

/// Times of rows and the order of their ids agree but for this, milliseconds.
const DISORDER: i64 = 120_000;
/// Kinds of targets whose name is that of a client.
const OF_CLIENTS: [&str; 3] = ["client", "connection", "token"];

/// What of the log is asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Who acted, or whom it was about.
    pub person: Option<UserId>,
    /// The client's name.
    pub client: Option<String>,
    /// Any of these actions.
    pub actions: Option<Vec<Action>>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The caller's address.
    pub address: Option<String>,
    /// The request's id: the batch.
    pub request: Option<String>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Request,
    Person,
    Client,
    Address,
    Action,
    Outcome,
    /// None: rows as they come.
    Log,
}

impl AuditQuery {
    fn one_action(&self) -> Option<&'static str> {
        match self.actions.as_deref() {
            Some([action]) => Some(action.as_str()),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<Outcome> {
        self.outcome.filter(|outcome| *outcome != Outcome::Ok)
    }

    fn lead(&self) -> Lead {
        [
            (self.request.is_some(), Lead::Request),
            (self.person.is_some(), Lead::Person),
            (self.client.is_some(), Lead::Client),
            (self.address.is_some(), Lead::Address),
            (self.one_action().is_some(), Lead::Action),
            (self.refusal().is_some(), Lead::Outcome),
        ]
        .into_iter()
        .find_map(|(applies, lead)| applies.then_some(lead))
        .unwrap_or(Lead::Log)
    }

    fn parts(&self) -> &'static [Part] {
        if self.person.is_some() { &[Part::Acted, Part::Concerned] } else { &[Part::Anybody] }
    }

    /// Whether rows must be looked at that the leading filter lets through and another may not.
    pub fn looks_at_rows(&self) -> bool {
        let filters = [
            self.request.is_some(),
            self.person.is_some(),
            self.client.is_some(),
            self.address.is_some(),
            self.actions.is_some(),
            self.outcome.is_some(),
        ];
        let leading = usize::from(self.lead() != Lead::Log);
        filters.into_iter().filter(|is_set| *is_set).count() > leading
    }
}

fn of_part<'a>(rows: Statement<'a>, query: &AuditQuery, part: Part) -> Statement<'a> {
    match part {
        Part::Acted => rows.filter(audit::actor_id.eq(query.person)),
        Part::Concerned => rows.filter(audit::about_user_id.eq(query.person)),
        Part::Anybody => rows,
    }
}

/// Rows that the leading filter lets through, by its index alone.
fn leading<'a>(query: &AuditQuery, span: Span, part: Part) -> Statement<'a> {
    let rows =
        audit::table.filter(audit::id.gt(span.above)).filter(audit::id.lt(span.below)).into_boxed();
    match query.lead() {
        Lead::Request => rows.filter(audit::request_id.eq(query.request.clone())),
        Lead::Person => of_part(rows, query, part),
        Lead::Client => rows.filter(audit::target.eq(query.client.clone())),
        Lead::Address => rows.filter(audit::address.eq(query.address.clone())),
        Lead::Action => rows.filter(audit::action.nullable().eq(query.one_action())),
        // The databases use an index of some rows only where the statement says which, in its text.
        Lead::Outcome => rows
            .filter(audit::outcome.nullable().eq(query.refusal().map(Outcome::as_str)))
            .filter(sql::<Bool>("audit.outcome <> 'ok'")),
        Lead::Log => rows,
    }
}

fn matching<'a>(query: &AuditQuery, span: Span, part: Part) -> Statement<'a> {
    let mut rows = of_part(leading(query, span, part), query, part);
    if let Some(at) = query.from {
        rows = rows.filter(audit::at.ge(at));
    }
    if let Some(at) = query.until {
        rows = rows.filter(audit::at.lt(at));
    }
    if let Some(client) = query.client.clone() {
        rows = rows
            .filter(audit::target.eq(client))
            .filter(audit::target_kind.eq_any(OF_CLIENTS.map(Some)));
    }
    if let Some(actions) = &query.actions {
        let names: Vec<&'static str> = actions.iter().map(|action| action.as_str()).collect();
        rows = rows.filter(audit::action.eq_any(names));
    }
    if let Some(outcome) = query.outcome {
        rows = rows.filter(audit::outcome.eq(outcome.as_str()));
    }
    if let Some(address) = query.address.clone() {
        rows = rows.filter(audit::address.eq(address));
    }
    if let Some(request) = query.request.clone() {
        rows = rows.filter(audit::request_id.eq(request));
    }
    rows
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
        let statement = leading(query, span, *part).select(audit::id);
        let statement = if from_newest {
            statement.order(audit::id.desc())
        } else {
            statement.order(audit::id.asc())
        };
        let found: Option<i64> = statement.offset(rows).limit(1).get_result(conn).optional()?;
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
        let statement = matching(query, span, *part);
        let statement = if from_newest {
            statement.order(audit::id.desc())
        } else {
            statement.order(audit::id.asc())
        };
        rows.extend(statement.limit(limit).load::<EntryRow>(conn)?);
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
        let statement = matching(query, span, *part).select(audit::id);
        ids.extend(statement.order(audit::id.desc()).limit(limit).load::<i64>(conn)?);
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
