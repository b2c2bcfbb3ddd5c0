//! The history of imports. A running import gives a sign of life every two seconds; one that is
//! silent for half a minute has lost its process and counts as interrupted, whoever looks.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DatabaseError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::progress::{Progress, counts};
use super::{Import, Report};
use crate::clock::{Clock, Timestamp};
use crate::db::{Conn, Db};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::import::Entity;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ImportId;
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::imports::{self, Ending, ImportRow, NewImport};
use crate::store::index_write;

/// Time between signs of life.
const BEAT: Duration = Duration::from_secs(2);
/// Silence after which an import counts as interrupted, seconds.
pub const SILENCE_SECONDS: i64 = 30;
/// The longest file name kept, characters.
const LONGEST_NAME: usize = 200;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It runs.
    Running,
    /// It came to its end.
    Finished,
    /// It was given up, with a reason.
    Failed,
    /// Its process went away.
    Interrupted,
}

/// A problem that the history kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptProblem {
    /// The line's number.
    pub line: u64,
    /// The column, if it is in one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// An import as the history shows it.
#[derive(Debug, Clone)]
pub struct Past {
    /// The row.
    pub row: ImportRow,
    /// Where it stands now.
    pub standing: Standing,
    /// The first problems.
    pub problems: Vec<KeptProblem>,
}

impl Past {
    fn new(row: ImportRow, now: Timestamp) -> Self {
        let standing = match row.state.as_str() {
            "running" if row.beat_at < silent_since(now) => Standing::Interrupted,
            "running" => Standing::Running,
            "finished" => Standing::Finished,
            "failed" => Standing::Failed,
            _ => Standing::Interrupted,
        };
        let problems = serde_json::from_str(&row.problems).unwrap_or_default();
        Self { row, standing, problems }
    }

    /// Records that are written or found unchanged.
    pub fn done(&self) -> i64 {
        let counts = &self.row.counts;
        counts.inserted + counts.updated + counts.unchanged
    }

    /// Whether there were lines and not one could be used.
    pub fn is_nothing(&self) -> bool {
        let counts = &self.row.counts;
        self.standing == Standing::Finished
            && counts.rejected > 0
            && counts.rejected == counts.lines_read
    }

    /// Whether lines were rejected that are not among the problems.
    pub fn has_more_problems(&self) -> bool {
        let told: BTreeSet<u64> = self.problems.iter().map(|problem| problem.line).collect();
        i64::try_from(told.len()).is_ok_and(|told| told < self.row.counts.rejected)
    }

    /// Whether the server keeps rejected lines of it.
    pub fn has_rejects(&self) -> bool {
        self.standing == Standing::Finished
            && self.row.counts.rejected > 0
            && self.row.rejects.is_some()
    }

    /// How long it took, or has taken until its last sign of life, milliseconds.
    pub fn took(&self) -> i64 {
        let end = self.row.ended_at.filter(|_| self.standing != Standing::Interrupted);
        (end.unwrap_or(self.row.beat_at).0 - self.row.started_at.0).max(0)
    }
}

fn silent_since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-SILENCE_SECONDS)
}

/// Begins an import; `rejects` is the name of the file of rejected lines that the server keeps.
///
/// # Errors
/// `conflict` while another one runs.
pub(super) async fn begin(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    import: &Import,
    rejects: Option<String>,
) -> Result<ImportId> {
    let (now, actor, entity, strict) = (clock.now(), actor.clone(), import.entity, import.strict);
    let name: String = import.name.chars().take(LONGEST_NAME).collect();
    let begun = db
        .write(move |conn| {
            interrupt(conn, now)?;
            let new = NewImport {
                entity: entity.name(),
                file_name: &name,
                strict,
                actor: &actor,
                rejects: rejects.as_deref(),
            };
            match imports::begin(conn, &new, now) {
                Err(DatabaseError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                    Err(Error::new(ErrorCode::Conflict, String::new()))
                }
                begun => {
                    let begun = begun?;
                    let detail = json!({ "import": begun, "file": name });
                    note(
                        conn,
                        &actor,
                        entity.name(),
                        Action::ImportBegun,
                        Outcome::Ok,
                        detail,
                        now,
                    )?;
                    Ok(begun)
                }
            }
        })
        .await;
    match begun {
        Err(error) if error.code == ErrorCode::Conflict => Err(another_runs(db).await?),
        other => other,
    }
}

/// An entry about an import of an entity of that name.
pub(super) fn note(
    conn: &mut Conn,
    actor: &Actor,
    entity: &str,
    action: Action,
    outcome: Outcome,
    detail: Value,
    now: Timestamp,
) -> Result<()> {
    let target = Target { kind: "index", id: None, label: entity.into() };
    let entry = NewEntry { at: now, actor, action, target: Some(&target), outcome, detail };
    Ok(audit::insert(conn, &entry)?)
}

async fn another_runs(db: &Db) -> Result<Error> {
    let running = db.read(|conn| Ok(imports::running(conn)?)).await?;
    let which = running.map_or_else(String::new, |row| {
        format!(" ({} from {}, by {})", row.entity, row.file_name, row.actor)
    });
    let message = format!(
        "Another import is running{which}. Nothing was changed. Wait until it has ended; one whose \
         process has died counts as ended after {SILENCE_SECONDS} seconds."
    );
    Ok(Error::new(ErrorCode::Conflict, message))
}

/// Gives signs of life until the import counts as ended, and says so.
pub(super) async fn keep_alive(
    db: &Db,
    clock: &Clock,
    import: ImportId,
    progress: &Progress,
) -> Error {
    loop {
        tokio::time::sleep(BEAT).await;
        let ((counts, to_write), now) = (progress.so_far(), clock.now());
        let beat = db.write(move |conn| Ok(imports::beat(conn, import, counts, to_write, now)?));
        match beat.await {
            Ok(0) => return given_up(),
            Ok(_) => {}
            Err(error) => log::warn!("import {import} gave no sign of life: {error}"),
        }
    }
}

fn given_up() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "The import gave no sign of life for too long and was given up. What was written stays; \
         import the file again to complete it.",
    )
}

/// Ends an import that came to its end, in the transaction of its last batch.
pub(super) fn finish(
    conn: &mut Conn,
    import: ImportId,
    report: &Report,
    now: Timestamp,
) -> Result<()> {
    let problems = serde_json::to_string(&report.problems).map_err(Error::internal)?;
    let ending =
        Ending { state: "finished", counts: counts(report), problems: &problems, message: None };
    match imports::end(conn, import, &ending, now)? {
        0 => Err(given_up()),
        _ => Ok(()),
    }
}

/// Ends an import that was given up.
pub(super) async fn fail(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    (import, entity): (ImportId, Entity),
    progress: &Progress,
    error: &Error,
) -> Result<()> {
    let ((counts, to_write), now) = (progress.so_far(), clock.now());
    // While it writes, an error's "nothing was changed" is true of the last batch alone.
    let message = match to_write {
        Some(_) => "The database did not take all of it. What was written stays; import the file \
                    again to complete it."
            .to_owned(),
        None => error.to_string(),
    };
    let actor = actor.clone();
    db.write(move |conn| {
        let ending = Ending { state: "failed", counts, problems: "[]", message: Some(&message) };
        imports::end(conn, import, &ending, now)?;
        let detail = json!({ "import": import, "why": message });
        note(conn, &actor, entity.name(), Action::Imported, Outcome::Error, detail, now)
    })
    .await
}

/// What the index holds, and how it came to it.
#[derive(Debug)]
pub struct Overview {
    /// Stores.
    pub stores: i64,
    /// Contacts.
    pub contacts: i64,
    /// The import that was begun last.
    pub latest: Option<Past>,
    /// The import that runs.
    pub running: Option<Past>,
    /// Imports, newest first.
    pub rows: Vec<Past>,
    /// Imports on all pages.
    pub total: i64,
    /// The page shown: the one asked for, or the last one if there are not so many.
    pub page: i64,
}

/// Reads a page of the history and what the index holds.
///
/// # Errors
/// When the database cannot answer.
pub async fn overview(ctx: &Ctx, page: i64, page_size: i64) -> Result<Overview> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| {
            let total = imports::count(conn)?;
            let page = page.clamp(1, (total - 1).max(0) / page_size + 1);
            let rows = imports::page(conn, page_size, (page - 1) * page_size)?;
            let running = imports::running(conn)?.map(|row| Past::new(row, now));
            Ok(Overview {
                stores: index_write::count(conn, Entity::Stores)?,
                contacts: index_write::count(conn, Entity::Contacts)?,
                latest: imports::page(conn, 1, 0)?.pop().map(|row| Past::new(row, now)),
                running: running.filter(|past| past.standing == Standing::Running),
                rows: rows.into_iter().map(|row| Past::new(row, now)).collect(),
                total,
                page,
            })
        })
        .await
}

/// An import of the history.
///
/// # Errors
/// `not_found`.
pub async fn one(ctx: &Ctx, import: ImportId) -> Result<Past> {
    let now = ctx.clock.now();
    ctx.db
        .read(move |conn| Ok(imports::by_id(conn, import)?))
        .await?
        .map(|row| Past::new(row, now))
        .ok_or_else(|| Error::not_found("There is no import of that number."))
}

/// Whether an import writes now.
///
/// # Errors
/// When the database cannot answer.
pub async fn is_running(ctx: &Ctx) -> Result<bool> {
    ctx.db.read(|conn| Ok(imports::running(conn)?.is_some())).await
}

/// Writes down what has been interrupted.
///
/// # Errors
/// When the database cannot answer.
pub async fn note_interrupted(ctx: &Ctx) -> Result<()> {
    let now = ctx.clock.now();
    ctx.db.write(move |conn| interrupt(conn, now)).await
}

/// Ends the import that runs if it has lost its process, and says so in the audit log.
fn interrupt(conn: &mut Conn, now: Timestamp) -> Result<()> {
    let silent = imports::running(conn)?.filter(|row| row.beat_at < silent_since(now));
    let Some(row) = silent else { return Ok(()) };
    // Another replica may have seen it first.
    if imports::interrupt(conn, silent_since(now), now)? == 0 {
        return Ok(());
    }
    let why = "It was interrupted. What was written stays; import the file again to complete it.";
    let detail = json!({ "import": row.id, "file": row.file_name, "by": row.actor, "why": why });
    let actor = Actor::system();
    note(conn, &actor, &row.entity, Action::Imported, Outcome::Error, detail, now)
}
