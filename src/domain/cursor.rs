//! The position in a list, as the opaque text that a caller hands back (signed by the service).

use serde::{Deserialize, Serialize};

/// After which row the next page begins: the last row's sort value and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The sort column's value, if it had one.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none", default)]
    pub value: Option<i64>,
    /// The row's id, the tie-breaker.
    #[serde(rename = "i")]
    pub id: i64,
    /// How a walk through contacts got there.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    pub walk: Option<Walk>,
}

/// The most steps kept: a cursor stays short however often stores are imported during a walk.
const MOST_STEPS: usize = 10;

/// How far a walk through contacts had come whenever stores were added. The contacts without a store
/// are first in the list, under entries below zero; one that is put under a new store moves to its
/// end, and would come there again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The newest contact when the walk began.
    #[serde(rename = "c")]
    newest_contact: i64,
    /// The newest store, and the entry that the walk had come to while it was that; in order.
    #[serde(rename = "s")]
    steps: Vec<(i64, i64)>,
}

impl Walk {
    /// A walk that begins while `newest_contact` is the newest.
    pub fn begin(newest_contact: i64) -> Self {
        Self { newest_contact, steps: Vec::new() }
    }

    /// Whether it has passed all contacts without a store, so that no further step changes anything.
    pub fn is_past_lone_contacts(&self) -> bool {
        self.steps.last().is_some_and(|(_, entry)| *entry >= 0)
    }

    /// Notes that the walk came to `entry` while `newest_store` was the newest.
    pub fn step(&mut self, newest_store: i64, entry: i64) {
        match self.steps.last_mut() {
            Some(last) if last.0 == newest_store => last.1 = entry,
            _ => self.steps.push((newest_store, entry)),
        }
        // Two steps become one that had come as far as the second: a contact may be left out then,
        // but none is counted twice.
        if self.steps.len() > MOST_STEPS {
            let (_, entry) = self.steps.remove(1);
            if let Some(first) = self.steps.first_mut() {
                first.1 = entry;
            }
        }
    }

    /// Whether the contact `id`, which is under `entry` now, came in this walk before it was put
    /// there. Nothing tells where it was before: it is taken for one that had no store. So one that is
    /// moved during the walk, from a store that the walk had not reached to one that was added
    /// meanwhile, is left out of it. The other way round contacts would come twice, and be paid for
    /// twice.
    pub fn had(&self, id: i64, entry: i64) -> bool {
        let before = self.steps.iter().rfind(|(newest_store, _)| *newest_store < entry);
        id <= self.newest_contact && before.is_some_and(|(_, passed)| -id <= *passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_had_come_if_the_walk_was_past_it_when_its_store_was_added() {
        let mut walk = Walk::begin(9);
        walk.step(100, -7);
        walk.step(102, -4);
        // Put under store 101 while the walk stood at -7, under 103 while it stood at -4.
        assert_eq!((walk.had(8, 101), walk.had(7, 101), walk.had(5, 101)), (true, true, false));
        assert_eq!((walk.had(5, 103), walk.had(3, 103)), (true, false));
        assert!(!walk.had(9, 100), "it was there from the beginning");
        assert!(!walk.had(10, 103), "it is newer than the walk");
    }

    /// Where both cannot be had, a contact is left out of a walk rather than in it twice.
    #[test]
    fn a_contact_moved_to_a_store_added_during_the_walk_counts_as_one_that_came() {
        let mut walk = Walk::begin(9);
        walk.step(100, 37);
        assert!(walk.had(8, 101), "whether it was without a store before, or under store 50");
        assert!(!walk.had(8, 100) && !walk.had(8, 50), "under a store that was there it comes");
    }

    #[test]
    fn a_long_walk_stays_short_and_has_nothing_twice() {
        let mut walk = Walk::begin(100);
        for step in 0..100 {
            walk.step(1_000 + step, -100 + step);
        }
        assert!(walk.steps.len() <= MOST_STEPS);
        // Contact 100 - n was passed with step n; a store of then or later has it again.
        for step in 0..99 {
            assert!(walk.had(100 - step, 1_001 + step), "{step}");
        }
        assert!(!walk.had(1, 1_099), "what was not passed at the end is still to come");
    }
}
