//! What was imported, by whom, and how it ended. Table: `imports`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::imports;
use crate::domain::audit::Actor;
use crate::ids::ImportId;

/// An import that begins.
#[derive(Debug)]
pub struct NewImport<'a> {
    /// `stores` or `contacts`.
    pub entity: &'a str,
    /// Name of the file.
    pub file_name: &'a str,
    /// Whether the first bad line stops it.
    pub strict: bool,
    /// Who imports.
    pub actor: &'a Actor,
    /// The file of rejected lines, if the server keeps it.
    pub rejects: Option<&'a str>,
}

/// An import of the history.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = imports)]
pub struct ImportRow {
    /// Row id.
    pub id: ImportId,
    /// `stores` or `contacts`.
    pub entity: String,
    /// Name of the file.
    pub file_name: String,
    /// Whether the first bad line stops it.
    pub strict: bool,
    /// Who imported, as the log names them.
    pub actor: String,
    /// `running`, `finished`, `failed` or `interrupted`, as it was written last.
    pub state: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The last sign of life.
    pub beat_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Records to write, once everything is read.
    pub to_write: Option<i64>,
    /// The counts.
    #[diesel(embed)]
    pub counts: Counts,
    /// The first problems, JSON.
    pub problems: String,
    /// Why it failed.
    pub message: Option<String>,
    /// The file of rejected lines, while the server keeps it.
    pub rejects: Option<String>,
}

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = imports)]
pub struct Counts {
    /// Lines that were read.
    pub lines_read: i64,
    /// Rows that are new.
    pub inserted: i64,
    /// Rows that had other values.
    pub updated: i64,
    /// Rows that had these values already.
    pub unchanged: i64,
    /// Lines whose key had come before.
    pub repeated: i64,
    /// Lines that were put aside.
    pub rejected: i64,
}

/// How an import ended.
#[derive(Debug)]
pub struct Ending<'a> {
    /// `finished` or `failed`.
    pub state: &'a str,
    /// The counts.
    pub counts: Counts,
    /// The first problems, JSON.
    pub problems: &'a str,
    /// Why it failed.
    pub message: Option<&'a str>,
}

/// Begins an import.
///
/// # Errors
/// A unique violation while another one runs.
pub fn begin(conn: &mut Conn, new: &NewImport<'_>, now: Timestamp) -> QueryResult<ImportId> {
    let none = Counts::default();
    diesel::insert_into(imports::table)
        .values((
            imports::entity.eq(new.entity),
            imports::file_name.eq(new.file_name),
            imports::strict.eq(new.strict),
            imports::actor_id.eq(new.actor.user.map(|user| user.0)),
            imports::actor.eq(&new.actor.label),
            imports::state.eq("running"),
            imports::started_at.eq(now),
            imports::beat_at.eq(now),
            imports::lines_read.eq(none.lines_read),
            imports::inserted.eq(none.inserted),
            imports::updated.eq(none.updated),
            imports::unchanged.eq(none.unchanged),
            imports::repeated.eq(none.repeated),
            imports::rejected.eq(none.rejected),
            imports::problems.eq("[]"),
            imports::rejects.eq(new.rejects),
        ))
        .returning(imports::id)
        .get_result(conn)
}

/// Gives a sign of life with what was done so far; no row if the import counts as ended.
pub fn beat(
    conn: &mut Conn,
    import: ImportId,
    counts: Counts,
    to_write: Option<i64>,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(imports::table.find(import).filter(imports::state.eq("running")))
        .set((counts, imports::to_write.eq(to_write), imports::beat_at.eq(now)))
        .execute(conn)
}

/// Ends an import; no row if it counts as ended already.
pub fn end(
    conn: &mut Conn,
    import: ImportId,
    ending: &Ending<'_>,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::update(imports::table.find(import).filter(imports::state.eq("running")))
        .set((
            ending.counts,
            imports::state.eq(ending.state),
            imports::problems.eq(ending.problems),
            imports::message.eq(ending.message),
            imports::beat_at.eq(now),
            imports::ended_at.eq(now),
        ))
        .execute(conn)
}

/// Ends what has given no sign of life since `before`.
pub fn interrupt(conn: &mut Conn, before: Timestamp, now: Timestamp) -> QueryResult<usize> {
    let silent =
        imports::table.filter(imports::state.eq("running")).filter(imports::beat_at.lt(before));
    diesel::update(silent)
        .set((imports::state.eq("interrupted"), imports::ended_at.eq(now)))
        .execute(conn)
}

/// The import that runs.
pub fn running(conn: &mut Conn) -> QueryResult<Option<ImportRow>> {
    imports::table
        .filter(imports::state.eq("running"))
        .select(ImportRow::as_select())
        .get_result(conn)
        .optional()
}

/// An import.
pub fn by_id(conn: &mut Conn, import: ImportId) -> QueryResult<Option<ImportRow>> {
    imports::table.find(import).select(ImportRow::as_select()).get_result(conn).optional()
}

/// How many there are.
pub fn count(conn: &mut Conn) -> QueryResult<i64> {
    imports::table.count().get_result(conn)
}

/// `limit` of them after the first `offset`, newest first.
pub fn page(conn: &mut Conn, limit: i64, offset: i64) -> QueryResult<Vec<ImportRow>> {
    imports::table
        .order(imports::id.desc())
        .limit(limit)
        .offset(offset)
        .select(ImportRow::as_select())
        .load(conn)
}

/// Files of rejected lines of imports that ended before `before`, or that have none to keep.
pub fn rejects_before(
    conn: &mut Conn,
    before: Timestamp,
) -> QueryResult<Vec<(ImportId, Option<String>)>> {
    imports::table
        .filter(imports::rejects.is_not_null())
        .filter(imports::ended_at.lt(before))
        .select((imports::id, imports::rejects))
        .load(conn)
}

/// Forgets the file of rejected lines.
pub fn forget_rejects(conn: &mut Conn, import: ImportId) -> QueryResult<usize> {
    diesel::update(imports::table.find(import))
        .set(imports::rejects.eq(None::<String>))
        .execute(conn)
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error};

    use super::*;
    use crate::store::testing::databases;

    fn start(conn: &mut Conn, at: i64) -> QueryResult<ImportId> {
        let new = NewImport {
            entity: "stores",
            file_name: "s.csv",
            strict: false,
            actor: &Actor::operator(),
            rejects: None,
        };
        conn.transaction(|conn| begin(conn, &new, Timestamp(at)))
    }

    #[test]
    fn one_import_runs_at_a_time_and_one_that_is_silent_makes_room() {
        for mut base in databases() {
            let conn = &mut base.conn;
            let first = start(conn, 1_000).unwrap();
            let second = start(conn, 2_000).unwrap_err();
            assert!(matches!(second, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)));
            assert_eq!(interrupt(conn, Timestamp(1_000), Timestamp(3_000)), Ok(0));
            assert_eq!(beat(conn, first, Counts::default(), None, Timestamp(3_000)), Ok(1));
            assert_eq!(interrupt(conn, Timestamp(3_001), Timestamp(4_000)), Ok(1));
            assert_eq!(beat(conn, first, Counts::default(), None, Timestamp(4_000)), Ok(0));
            let row = by_id(conn, first).unwrap().unwrap();
            assert_eq!((row.state.as_str(), row.ended_at), ("interrupted", Some(Timestamp(4_000))));
            let third = start(conn, 5_000).unwrap();
            let ending = Ending {
                state: "finished",
                counts: Counts { inserted: 7, ..Counts::default() },
                problems: "[]",
                message: None,
            };
            assert_eq!(end(conn, third, &ending, Timestamp(6_000)), Ok(1));
            assert_eq!(end(conn, third, &ending, Timestamp(6_000)), Ok(0));
            assert_eq!(page(conn, 1, 0).unwrap()[0].counts.inserted, 7);
            assert!(running(conn).unwrap().is_none());
        }
    }
}
