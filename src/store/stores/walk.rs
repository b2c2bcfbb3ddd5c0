//! The stores of a search in their order, some at a time: ids out of the index's words, which come
//! in the order of the ids, so that a list by number takes more thought.
//!
//! Where few stores match, all of them are read and sorted. Where many do, the highest numbers are
//! looked for first, downstairs: every entry has the flight of stairs its number is on as a word, and
//! the step there. A flight on which few match is sorted at once, any other step by step. Where to
//! begin is known of each facet (`facets::Sought::highest`).

use std::collections::{HashMap, VecDeque};

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::among::among;
use crate::db::schema::index_entries;
use crate::db::words::{Expression, Range, matching};
use crate::db::written::Written;
use crate::domain::cursor::Position;
use crate::domain::facet::{UNRANKED, step_kinds, step_value, value_of};
use crate::domain::filter::StoreSort;
use crate::domain::words::{flight, foot_of, step};
use crate::store::facets::{self, Sought, Step};

use super::plan::{Question, Wanted};

/// So few matches are sorted at once.
const FEW: i64 = 500;
/// The most steps searched at once.
const MOST_STEPS: usize = 48;
/// So many times what is missing is looked for, for no step holds just as many as are expected.
const AT_ONCE: f64 = 1.5;
/// Ids of one statement.
const BATCH: usize = 1_000;
/// The fewest ids handed out at a time, and the most where some may not have the text.
const HANDED_OUT: (i64, f64) = (10, 500.0);
/// So many entries weigh what was believed of the text before any was read.
const BELIEF: f64 = 50.0;
/// A walk through the stores that match, in order; some that match but for the text are among them.
pub(super) struct Walk {
    question: Question,
    /// All of the question, looked up.
    whole: Expression,
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
    /// The steps' kind.
    kind: &'static str,
    /// The highest value of the steps below; none at the end.
    below: Option<String>,
    /// The steps of this flight.
    here: VecDeque<Step>,
    /// The word of this flight, unless it was looked up.
    flight: Option<String>,
    /// The share of entries that is expected to match.
    share: f64,
    /// The share of those with the right facets that is expected to have the text.
    text_share: f64,
    /// Found and not handed out yet.
    found: VecDeque<i64>,
    /// Whether all of these have the text.
    with_text: bool,
}

impl Stairs {
    /// Whether there should be so few left on this flight that to find all of them is the shorter way.
    fn expects_few(&self) -> bool {
        let entries: i64 = self.here.iter().map(|step| step.entries).sum();
        entries as f64 * self.share < FEW as f64 / 2.0
    }

    /// How many to hand out, so that `missing` of them match.
    fn worth(&self, missing: i64) -> usize {
        let text_share = if self.with_text { 1.0 } else { self.text_share.max(0.01) };
        let ids = (missing.max(HANDED_OUT.0) as f64 / text_share).min(HANDED_OUT.1);
        ids.ceil() as usize
    }
}

impl Walk {
    pub(super) fn new(
        question: Question,
        sort: StoreSort,
        after: Option<&Position>,
        ceiling: Option<i64>,
    ) -> Self {
        let stage = match (sort, after) {
            (StoreSort::Added, after) => Stage::Added(after.map_or(0, |after| after.id)),
            (_, Some(Position { value: None, id, .. })) => Stage::Unranked(*id),
            _ => Stage::Start,
        };
        Self { whole: question.whole(), question, sort, after: after.cloned(), ceiling, stage }
    }

    /// The next ids, about as many as it takes for `missing` that match; none at the end.
    pub(super) fn next(&mut self, conn: &mut Conn, missing: i64) -> QueryResult<Vec<i64>> {
        let wanted = missing.max(HANDED_OUT.0);
        let size = usize::try_from(wanted).unwrap_or_default();
        loop {
            match std::mem::replace(&mut self.stage, Stage::Start) {
                Stage::Added(after) => {
                    let range = Range { from: after.saturating_add(1), limit: wanted, ..EVERY };
                    let ids = matching(conn, &self.whole, range)?;
                    self.stage = Stage::Added(ids.last().copied().unwrap_or(i64::MAX));
                    return Ok(ids);
                }
                Stage::Start => self.stage = self.start(conn)?,
                Stage::Sorted(mut left) => {
                    let ids = left.drain(..size.min(left.len())).collect();
                    self.stage = Stage::Sorted(left);
                    return Ok(ids);
                }
                Stage::Stairs(mut stairs) => {
                    let ids: Vec<_> = {
                        let size = stairs.worth(missing).min(stairs.found.len());
                        stairs.found.drain(..size).collect()
                    };
                    let goes_on = !ids.is_empty() || self.descend(conn, &mut stairs, missing)?;
                    self.stage =
                        if goes_on { Stage::Stairs(stairs) } else { Stage::Unranked(i64::MAX) };
                    if !ids.is_empty() {
                        return Ok(ids);
                    }
                }
                Stage::Unranked(below) => {
                    let ids = self.unranked(conn, below, wanted)?;
                    self.stage = Stage::Unranked(ids.last().copied().unwrap_or(1));
                    return Ok(ids);
                }
            }
        }
    }

    /// Hears how many of the ids handed out had the text.
    pub(super) fn compared(&mut self, handed_out: usize, had_it: usize) {
        if let Stage::Stairs(stairs) = &mut self.stage
            && !stairs.with_text
        {
            let before = stairs.text_share;
            let all = BELIEF + handed_out as f64;
            stairs.text_share = before.mul_add(BELIEF, had_it as f64) / all;
            stairs.share *= stairs.text_share / before.max(f64::MIN_POSITIVE);
        }
    }

    /// Looks at the first matches, and decides by them.
    fn start(&mut self, conn: &mut Conn) -> QueryResult<Stage> {
        let first = matching(conn, &self.whole, Range { limit: FEW, ..EVERY })?;
        let span = first.last().zip(first.first()).map_or(1, |(last, first)| last - first + 1);
        let Some((kind, flights)) = step_kinds(self.sort).filter(|_| is_many(&first)) else {
            return Ok(Stage::Sorted(self.sorted(conn, &first, None)?));
        };
        let mut highest = self.question.highest(self.sort);
        if let Some(number) = self.after.as_ref().map_or(self.ceiling, |after| after.value) {
            highest = highest.min(step_value(Some(number)));
        }
        let share = first.len() as f64 / span as f64;
        Ok(Stage::Stairs(Stairs {
            flights: facets::words_of(conn, flights)?,
            kind,
            below: Some(highest),
            here: VecDeque::new(),
            flight: None,
            share,
            text_share: self.question.text_share(share),
            found: VecDeque::new(),
            with_text: true,
        }))
    }

    /// Looks for more on the next steps; says whether there were any steps left.
    fn descend(&self, conn: &mut Conn, stairs: &mut Stairs, missing: i64) -> QueryResult<bool> {
        if stairs.here.is_empty() {
            let Some(from) = stairs.below.take() else { return Ok(false) };
            let below = facets::steps(conn, stairs.kind, &from)?;
            let Some(number) = below.first().map(|step| flight(step.step)) else {
                return Ok(false);
            };
            let of_flight = below.into_iter().take_while(|step| flight(step.step) == number);
            stairs.here = of_flight.collect();
            stairs.below = foot_of(number).checked_sub(1).map(value_of);
            stairs.flight = stairs.flights.remove(&number);
        }
        if stairs.expects_few()
            && let Some(word) = stairs.flight.take()
        {
            let expression = self.whole.and(vec![word]);
            let matches = matching(conn, &expression, Range { limit: FEW, ..EVERY })?;
            if !is_many(&matches) {
                stairs.found = self.sorted(conn, &matches, stairs.here.front())?;
                stairs.here.clear();
                stairs.with_text = true;
                return Ok(true);
            }
        }
        let matches = AT_ONCE * missing.max(HANDED_OUT.0) as f64;
        let (words, among) = take(&mut stairs.here, matches / stairs.share);
        let text_share = stairs.text_share;
        let plan = self.question.plan(Wanted { matches, among, text_share });
        let mut found = matching(conn, &plan.looked_up.and(words), EVERY)?;
        if let Some(compared) = &plan.compared {
            found = allowed(conn, &found, compared)?;
        }
        let with_text = if plan.with_text { 1.0 } else { text_share };
        stairs.share = found.len() as f64 * with_text / among;
        stairs.found = self.sorted(conn, &found, None)?;
        stairs.with_text = plan.with_text;
        Ok(true)
    }

    /// Those whose number is not known, newest first.
    fn unranked(&self, conn: &mut Conn, below: i64, limit: i64) -> QueryResult<Vec<i64>> {
        let Some((kind, _)) = step_kinds(self.sort) else { return Ok(Vec::new()) };
        let Some(unknown) = facets::id(conn, kind, UNRANKED)? else { return Ok(Vec::new()) };
        let expression = self.whole.and(vec![facets::word(unknown)]);
        let range = Range { to: below.saturating_sub(1), descending: true, limit, ..EVERY };
        matching(conn, &expression, range)
    }

    /// The stores after the place and on no step above `highest`, highest number first, those without
    /// one last.
    fn sorted(
        &self,
        conn: &mut Conn,
        ids: &[i64],
        highest: Option<&Step>,
    ) -> QueryResult<VecDeque<i64>> {
        let mut rows: Vec<(Option<i64>, i64)> = Vec::with_capacity(ids.len());
        let numbers = match self.sort {
            StoreSort::RevenueDesc => "SELECT revenue_usd, id FROM stores",
            _ => "SELECT monthly_visits, id FROM stores",
        };
        for batch in ids.chunks(BATCH) {
            // It has the numbers in a tenth of the pages that the rows are in.
            let index = Written::on_sqlite(conn, " INDEXED BY stores_ranks");
            let of_these = Written::new(numbers).then(index).sql(" WHERE id");
            rows.extend(of_these.one_of(batch.iter().copied()).ranks(conn)?);
        }
        // No number is less than any.
        rows.sort_unstable_by(|a, b| b.cmp(a));
        let place = self.after.as_ref().map(|after| (after.value, after.id));
        let is_after = |row: &(Option<i64>, i64)| place.is_none_or(|place| *row < place);
        let is_below = |row: &(Option<i64>, i64)| {
            highest.zip(row.0).is_none_or(|(highest, number)| step(number) <= highest.step)
        };
        let left = rows.into_iter().filter(is_after).filter(is_below);
        Ok(left.map(|(_, id)| id).collect())
    }
}

/// Every store.
const EVERY: Range = Range { from: 1, to: i64::MAX, descending: false, limit: i64::MAX };

fn is_many(found: &[i64]) -> bool {
    i64::try_from(found.len()).is_ok_and(|found| found >= FEW)
}

/// Those of the entries that have the facets.
fn allowed(conn: &mut Conn, ids: &[i64], wanted: &Sought) -> QueryResult<Vec<i64>> {
    let rows: Vec<(i64, String)> = index_entries::table
        .filter(among(conn, "index_entries.id", ids))
        .select((index_entries::id, index_entries::facets))
        .load(conn)?;
    Ok(rows.iter().filter(|(_, facets)| wanted.allows(facets)).map(|(id, _)| *id).collect())
}

/// Takes the next steps that should hold so many entries, as words, with the number of entries on
/// them.
fn take(left: &mut VecDeque<Step>, wanted: f64) -> (Vec<String>, f64) {
    let (mut words, mut entries) = (Vec::new(), 0.0);
    while words.len() < MOST_STEPS
        && entries < wanted
        && let Some(step) = left.pop_front()
    {
        words.push(facets::word(step.facet));
        entries += step.entries as f64;
    }
    (words, entries.max(1.0))
}
