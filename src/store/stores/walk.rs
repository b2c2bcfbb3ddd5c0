//! The stores of a search in their order, some at a time: ids out of the index's words, which come
//! in the order of the ids, so that a list by number takes more thought.
//!
//! Where few stores match, all of them are read and sorted. Where many do, the highest numbers are
//! looked for first: every entry has the step its number is on as a word, so a few steps at a time
//! are searched, from the top, until the page is full.

use std::collections::VecDeque;

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::stores;
use crate::db::words::{Expression, Range, matching};
use crate::domain::cursor::Position;
use crate::domain::facet::{Asked, Facet, UNRANKED, step_kind, step_value};
use crate::domain::filter::StoreSort;
use crate::store::facets;

/// So few matches are sorted at once.
const FEW: i64 = 1_000;
/// The most entries whose steps are searched at once.
const MOST_ENTRIES: f64 = 40_000.0;
/// The most steps searched at once.
const MOST_STEPS: usize = 64;
/// Ids of one statement.
const BATCH: usize = 1_000;

/// A walk through the stores that match, in order.
pub(super) struct Walk {
    expression: Expression,
    sort: StoreSort,
    after: Option<Position>,
    stage: Stage,
}

enum Stage {
    /// By id, after this one.
    Added(i64),
    /// By number; nothing was looked at yet.
    Start,
    /// All that is left, in order.
    Sorted(VecDeque<i64>),
    /// Step by step: those still to come (id of the facet, entries on it), the share of entries
    /// that are expected to match, and what was found and not handed out yet.
    Steps { left: VecDeque<(i64, i64)>, share: f64, found: VecDeque<i64> },
    /// Those without a number, below this id.
    Unranked(i64),
}

impl Walk {
    pub(super) fn new(expression: Expression, sort: StoreSort, after: Option<&Position>) -> Self {
        let stage = match (sort, after) {
            (StoreSort::Added, after) => Stage::Added(after.map_or(0, |after| after.id)),
            (_, Some(Position { value: None, id })) => Stage::Unranked(*id),
            _ => Stage::Start,
        };
        Self { expression, sort, after: after.cloned(), stage }
    }

    /// The next ids: as many as `wanted`, fewer or none at the end.
    pub(super) fn next(&mut self, conn: &mut Conn, wanted: i64) -> QueryResult<Vec<i64>> {
        let mut ids = Vec::new();
        let size = usize::try_from(wanted).unwrap_or_default();
        while ids.len() < size {
            let missing = size - ids.len();
            let more = i64::try_from(missing).unwrap_or_default();
            match &mut self.stage {
                Stage::Added(after) => {
                    let range =
                        Range { from: *after + 1, to: i64::MAX, descending: false, limit: more };
                    let found = matching(conn, &self.expression, range)?;
                    *after = found.last().copied().unwrap_or(*after);
                    ids.extend(found);
                    return Ok(ids);
                }
                Stage::Start => self.stage = self.start(conn)?,
                Stage::Sorted(left) => {
                    ids.extend(left.drain(..missing.min(left.len())));
                    return Ok(ids);
                }
                Stage::Steps { left, share, found } => {
                    if !found.is_empty() {
                        ids.extend(found.drain(..missing.min(found.len())));
                    } else if left.is_empty() {
                        self.stage = Stage::Unranked(i64::MAX);
                    } else {
                        let (steps, entries) = take(left, *share, missing);
                        let mut expression = self.expression.clone();
                        expression.all.push(steps);
                        let all =
                            Range { from: 1, to: i64::MAX, descending: false, limit: i64::MAX };
                        let matches = matching(conn, &expression, all)?;
                        // Nothing found says only that fewer match than was thought.
                        *share = (matches.len() as f64 / entries).max(*share / 8.0);
                        *found = sorted(conn, &matches, self.sort, self.after.as_ref())?;
                    }
                }
                Stage::Unranked(below) => {
                    let Some(kind) = step_kind(self.sort) else { return Ok(ids) };
                    let asked = Asked { all: vec![vec![Facet::new(kind, UNRANKED)]], none: vec![] };
                    let Some(unranked) = facets::expression(conn, &asked)? else { return Ok(ids) };
                    let mut expression = self.expression.clone();
                    expression.all.extend(unranked.all);
                    let range = Range { from: 1, to: *below - 1, descending: true, limit: more };
                    let found = matching(conn, &expression, range)?;
                    *below = found.last().copied().unwrap_or(1);
                    ids.extend(found);
                    return Ok(ids);
                }
            }
        }
        Ok(ids)
    }

    /// Looks at the first matches, and decides by them.
    fn start(&self, conn: &mut Conn) -> QueryResult<Stage> {
        let range = Range { from: 1, to: i64::MAX, descending: false, limit: FEW };
        let first = matching(conn, &self.expression, range)?;
        let (Some(lowest), Some(highest)) = (first.first(), first.last()) else {
            return Ok(Stage::Sorted(VecDeque::new()));
        };
        let kind = step_kind(self.sort).unwrap_or_default();
        if (first.len() as i64) < FEW {
            return Ok(Stage::Sorted(sorted(conn, &first, self.sort, self.after.as_ref())?));
        }
        let from = self.after.as_ref().map(|after| step_value(after.value));
        let left = facets::steps(conn, kind, from.as_deref().unwrap_or(HIGHEST_STEP))?;
        let share = first.len() as f64 / (highest - lowest + 1) as f64;
        Ok(Stage::Steps { left: left.into(), share: share.min(1.0), found: VecDeque::new() })
    }
}

/// No step's value is above it.
const HIGHEST_STEP: &str = "99999";

/// Takes the next steps that should hold enough, as words, with the number of entries on them.
fn take(left: &mut VecDeque<(i64, i64)>, share: f64, missing: usize) -> (Vec<String>, f64) {
    let (mut steps, mut entries) = (Vec::new(), 0.0);
    while steps.len() < MOST_STEPS
        && entries * share < 2.0 * missing as f64
        && let Some((_, count)) = left.front()
        && (steps.is_empty() || entries + *count as f64 <= MOST_ENTRIES)
        && let Some((facet, count)) = left.pop_front()
    {
        steps.push(facets::word(facet));
        entries += count as f64;
    }
    (steps, entries.max(1.0))
}

/// The stores after the place, highest number first, those without one last.
fn sorted(
    conn: &mut Conn,
    ids: &[i64],
    sort: StoreSort,
    after: Option<&Position>,
) -> QueryResult<VecDeque<i64>> {
    let mut rows: Vec<(Option<i64>, i64)> = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        let chosen = stores::table.filter(stores::id.eq_any(batch));
        rows.extend(match sort {
            StoreSort::RevenueDesc => {
                chosen.select((stores::revenue_usd, stores::id)).load::<(Option<i64>, i64)>(conn)?
            }
            _ => chosen.select((stores::monthly_visits, stores::id)).load(conn)?,
        });
    }
    // No number is less than any.
    rows.sort_unstable_by(|a, b| b.cmp(a));
    let is_after =
        |row: &(Option<i64>, i64)| after.is_none_or(|after| *row < (after.value, after.id));
    Ok(rows.into_iter().filter(is_after).map(|(_, id)| id).collect())
}
