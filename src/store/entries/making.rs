//! Making the words of entries on one thread while another writes those made before: what a large
//! import spends most of its time with.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{ScopedJoinHandle, scope};

use diesel::prelude::*;

use super::draft::{Counts, Entry, Facets};
use crate::db::Conn;
use crate::db::entry_rows::{EntryRow, Putting};
use crate::domain::words::{add_pieces, spell};
use crate::store::facets;

/// Entries that another thread is worth: fewer are done before it has begun.
const WORTH_A_THREAD: usize = 200;
/// Entries handed over at a time.
const HANDED_OVER: usize = 100;
/// So many times that before the maker waits for the writer.
const AHEAD: usize = 8;

/// Entries that are there: their facets, and what tells whether their words are others; none where
/// they are written in any case.
pub(super) type HeldEntries = HashMap<i64, (String, Option<i64>)>;

/// Writes `entries`, which are in the order of their ids, where they differ from what `held` has of
/// them, and counts their facets.
pub(super) fn write(
    conn: &mut Conn,
    entries: &[(i64, Entry)],
    held: &HeldEntries,
    facets: &mut Facets,
) -> QueryResult<()> {
    let Facets { ids, counts, .. } = facets;
    let mut putting = Putting::default();
    if entries.len() < WORTH_A_THREAD {
        putting.put(conn, rows(entries, held, ids, counts))?;
        return putting.finish(conn);
    }
    scope(|scope| {
        let (made, taken) = sync_channel(AHEAD);
        let ids = ids.as_slice();
        let maker = scope.spawn(move || make(entries, held, ids, &made));
        taken.into_iter().try_for_each(|rows| putting.put(conn, rows))?;
        counts.add(joined(maker));
        putting.finish(conn)
    })
}

/// Makes all rows until nobody takes them any more.
fn make(
    entries: &[(i64, Entry)],
    held: &HeldEntries,
    ids: &[i64],
    made: &SyncSender<Vec<EntryRow>>,
) -> Counts {
    let mut counts = Counts::default();
    for entries in entries.chunks(HANDED_OVER) {
        if made.send(rows(entries, held, ids, &mut counts)).is_err() {
            break;
        }
    }
    counts
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Those of `entries` that differ, as they are stored; `ids` are those of the facets' places.
fn rows(
    entries: &[(i64, Entry)],
    held: &HeldEntries,
    ids: &[i64],
    counts: &mut Counts,
) -> Vec<EntryRow> {
    let mut rows = Vec::with_capacity(entries.len());
    for (id, entry) in entries {
        let row = line(*id, entry, ids);
        match held.get(id) {
            Some((_, Some(digest))) if *digest == row.digest => continue,
            Some((old, _)) => counts.go(old),
            None => {}
        }
        counts.come(&row.facets, entry.steps);
        rows.push(row);
    }
    rows
}

/// An entry as it is stored.
fn line(id: i64, entry: &Entry, ids: &[i64]) -> EntryRow {
    let places = entry.facets.iter().filter_map(|place| ids.get(*place));
    let mut own: Vec<i64> = places.chain(&entry.kept).copied().collect();
    own.sort_unstable();
    own.dedup();
    let mut pieces = Vec::new();
    for (side, text) in &entry.texts {
        add_pieces(&mut pieces, *side, text);
    }
    pieces.sort_unstable();
    pieces.dedup();
    let (mut facets, mut words) = (String::new(), String::with_capacity(pieces.len() * 7));
    for id in own {
        let space = if facets.is_empty() { "" } else { " " };
        // Writing to a text does not fail.
        let _ = write!(facets, "{space}{id}");
        let _ = write!(words, "{space}{}", facets::word(id));
    }
    for piece in pieces {
        if !words.is_empty() {
            words.push(' ');
        }
        spell(&mut words, piece);
    }
    // The same in every process of one version of the standard library; where it is not, an entry
    // is written once more than it needs to be.
    let mut digest = std::hash::DefaultHasher::new();
    words.hash(&mut digest);
    EntryRow { id, facets, words, digest: digest.finish().cast_signed() }
}
