//! The stores of a search in their order, some at a time: ids out of the index's words, which come
//! in the order of the ids, so that a list by number takes more thought.
//!
//! Where few stores match, all of them are read and sorted. Where many do, the highest numbers are
//! looked for first, downstairs: every entry has the flight of stairs its number is on as a word, and
//! the step there. A flight on which few match is sorted at once, any other step by step.

use std::collections::{HashMap, VecDeque};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::stores;
use crate::db::words::{Expression, Range, matching};
use crate::domain::cursor::Position;
use crate::domain::facet::{UNRANKED, step_kinds, step_value};
use crate::domain::filter::StoreSort;
use crate::domain::words::flight;
use crate::store::facets::{self, Step};

/// So few matches are sorted at once.
const FEW: i64 = 500;
/// The most steps searched at once.
const MOST_STEPS: usize = 12;
/// Ids of one statement.
const BATCH: usize = 1_000;
/// Where so large a share matches, going down without the text and comparing it with all that is
/// found is the shorter way.
const MOST: f64 = 0.5;
/// No step's value is above it.
const HIGHEST_STEP: &str = "99999";

/// A walk through the stores that match, in order; some that match but for the text are among them.
pub(super) struct Walk {
    /// What is looked up.
    expression: Expression,
    /// What else can be: without the text, or, once that is what is looked up, the whole.
    other: Expression,
    without_text: bool,
    sort: StoreSort,
    after: Option<Position>,
    /// The highest number there can be, if the filter says.
    ceiling: Option<i64>,
    stage: Stage,
}

enum Stage {
    /// By id, after this one.
    Added(i64),
    /// By number; nothing was looked at yet.
    Start,
    /// All that is left, in order.
    Sorted(VecDeque<i64>),
    /// Downstairs.
    Stairs(Stairs),
    /// Those without a number, below this id.
    Unranked(i64),
}

/// What is still to be gone down.
struct Stairs {
    /// The word of every flight, by its number.
    flights: HashMap<u16, String>,
    /// The steps of flights below.
    below: VecDeque<Step>,
    /// The steps of this flight.
    here: VecDeque<Step>,
    /// The share of entries that is expected to match.
    share: f64,
    /// Found and not handed out yet.
    found: VecDeque<i64>,
}

impl Walk {
    /// The whole expression, and the one without the text.
    pub(super) fn new(
        [expression, other]: [Expression; 2],
        sort: StoreSort,
        after: Option<&Position>,
        ceiling: Option<i64>,
    ) -> Self {
        let stage = match (sort, after) {
            (StoreSort::Added, after) => Stage::Added(after.map_or(0, |after| after.id)),
            (_, Some(Position { value: None, id, .. })) => Stage::Unranked(*id),
            _ => Stage::Start,
        };
        Self { expression, other, without_text: false, sort, after: after.cloned(), ceiling, stage }
    }

    /// The next ids: as many as `wanted`, fewer or none at the end.
    pub(super) fn next(&mut self, conn: &mut Conn, wanted: i64) -> QueryResult<Vec<i64>> {
        let mut ids = Vec::new();
        let size = usize::try_from(wanted).unwrap_or_default();
        while ids.len() < size {
            let missing = size - ids.len();
            match std::mem::replace(&mut self.stage, Stage::Start) {
                Stage::Added(after) => {
                    let range = Range { from: after.saturating_add(1), limit: wanted, ..EVERY };
                    ids = matching(conn, &self.expression, range)?;
                    self.stage = Stage::Added(ids.last().copied().unwrap_or(i64::MAX));
                    return Ok(ids);
                }
                Stage::Start => self.stage = self.start(conn)?,
                Stage::Sorted(mut left) => {
                    ids.extend(left.drain(..missing.min(left.len())));
                    self.stage = Stage::Sorted(left);
                    return Ok(ids);
                }
                Stage::Stairs(mut stairs) => {
                    ids.extend(stairs.found.drain(..missing.min(stairs.found.len())));
                    let goes_on = ids.len() >= size || self.descend(conn, &mut stairs, missing)?;
                    self.stage =
                        if goes_on { Stage::Stairs(stairs) } else { Stage::Unranked(i64::MAX) };
                }
                Stage::Unranked(below) => {
                    let found = self.unranked(conn, below, missing)?;
                    self.stage = Stage::Unranked(found.last().copied().unwrap_or(1));
                    ids.extend(found);
                    return Ok(ids);
                }
            }
        }
        Ok(ids)
    }

    /// Hears how many of the ids handed out had the text.
    pub(super) fn compared(&mut self, handed_out: usize, had_it: usize) {
        if (had_it as f64) < MOST * handed_out as f64 {
            self.swap(false);
        }
    }

    fn swap(&mut self, without_text: bool) {
        if self.without_text != without_text {
            self.without_text = without_text;
            std::mem::swap(&mut self.expression, &mut self.other);
        }
    }

    /// Looks at the first matches, and decides by them.
    fn start(&mut self, conn: &mut Conn) -> QueryResult<Stage> {
        let first = matching(conn, &self.expression, Range { limit: FEW, ..EVERY })?;
        let span = first.last().zip(first.first()).map_or(1, |(last, first)| last - first + 1);
        let Some((steps, flights)) = step_kinds(self.sort).filter(|_| is_many(&first)) else {
            return Ok(Stage::Sorted(self.sorted(conn, &first)?));
        };
        let highest = match &self.after {
            Some(after) => Some(after.value),
            None => self.ceiling.map(Some),
        };
        let from = highest.map_or(HIGHEST_STEP.to_owned(), step_value);
        let share = first.len() as f64 / span as f64;
        if share > MOST {
            self.swap(true);
        }
        Ok(Stage::Stairs(Stairs {
            flights: facets::words_of(conn, flights)?,
            below: facets::steps(conn, steps, &from)?.into(),
            here: VecDeque::new(),
            share,
            found: VecDeque::new(),
        }))
    }

    /// Looks for more on the next steps; says whether there were any steps left.
    fn descend(&self, conn: &mut Conn, stairs: &mut Stairs, missing: usize) -> QueryResult<bool> {
        if stairs.here.is_empty() {
            let Some(number) = stairs.below.front().map(|step| flight(step.step)) else {
                return Ok(false);
            };
            while let Some(step) = stairs.below.pop_front_if(|step| flight(step.step) == number) {
                stairs.here.push_back(step);
            }
            let Some(word) = stairs.flights.get(&number) else { return Ok(true) };
            let expression = self.expression.and(vec![word.clone()]);
            let matches = matching(conn, &expression, Range { limit: FEW, ..EVERY })?;
            if !is_many(&matches) {
                stairs.here.clear();
                stairs.found = self.sorted(conn, &matches)?;
                return Ok(true);
            }
        }
        let (words, entries) = take(&mut stairs.here, stairs.share, missing);
        let matches = matching(conn, &self.expression.and(words), EVERY)?;
        stairs.share = matches.len() as f64 / entries;
        stairs.found = self.sorted(conn, &matches)?;
        Ok(true)
    }

    /// Those whose number is not known, newest first.
    fn unranked(&self, conn: &mut Conn, below: i64, missing: usize) -> QueryResult<Vec<i64>> {
        let Some((kind, _)) = step_kinds(self.sort) else { return Ok(Vec::new()) };
        let Some(unknown) = facets::id(conn, kind, UNRANKED)? else { return Ok(Vec::new()) };
        let expression = self.expression.and(vec![facets::word(unknown)]);
        let limit = i64::try_from(missing).unwrap_or_default();
        let range = Range { to: below.saturating_sub(1), descending: true, limit, ..EVERY };
        matching(conn, &expression, range)
    }

    /// The stores after the place, highest number first, those without one last.
    fn sorted(&self, conn: &mut Conn, ids: &[i64]) -> QueryResult<VecDeque<i64>> {
        let mut rows: Vec<(Option<i64>, i64)> = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            let chosen = stores::table.filter(stores::id.eq_any(batch));
            rows.extend(match self.sort {
                StoreSort::RevenueDesc => chosen
                    .select((stores::revenue_usd, stores::id))
                    .load::<(Option<i64>, i64)>(conn)?,
                _ => chosen.select((stores::monthly_visits, stores::id)).load(conn)?,
            });
        }
        // No number is less than any.
        rows.sort_unstable_by(|a, b| b.cmp(a));
        let place = self.after.as_ref().map(|after| (after.value, after.id));
        let is_after = |row: &(Option<i64>, i64)| place.is_none_or(|place| *row < place);
        Ok(rows.into_iter().filter(is_after).map(|(_, id)| id).collect())
    }
}

/// Every store.
const EVERY: Range = Range { from: 1, to: i64::MAX, descending: false, limit: i64::MAX };

fn is_many(found: &[i64]) -> bool {
    i64::try_from(found.len()).is_ok_and(|found| found >= FEW)
}

/// Takes the next steps that should hold enough, as words, with the number of entries on them.
fn take(left: &mut VecDeque<Step>, share: f64, missing: usize) -> (Vec<String>, f64) {
    let (mut words, mut entries) = (Vec::new(), 0.0);
    while words.len() < MOST_STEPS
        && entries * share < 1.5 * missing as f64
        && let Some(step) = left.pop_front()
    {
        words.push(facets::word(step.facet));
        entries += step.entries as f64;
    }
    (words, entries.max(1.0))
}
