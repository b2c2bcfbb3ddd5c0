//! Which parts of a search are looked up in the index's words, and which are compared with what was
//! found by the others.
//!
//! To look a word up goes through all entries that have it, however few of them are wanted; to
//! compare reads each entry that was found. So what nearly all entries have is compared, and what few
//! have is looked up; between them it depends on how many are wanted.

use crate::db::words::Expression;
use crate::domain::facet::value_of;
use crate::domain::filter::StoreSort;
use crate::store::facets::Sought;

/// What comparing costs, where to go past an entry in the list of a word is 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices {
    /// The facets of an entry.
    pub facets: f64,
    /// The text of a store, which is read with its row.
    pub text: f64,
}

/// As measured on SQLite with a million stores.
pub(super) const MEASURED: Prices = Prices { facets: 1_200.0, text: 800.0 };

/// What a search asks.
pub(super) struct Question {
    /// In facets.
    sought: Sought,
    /// In pieces of a text.
    pieces: Vec<String>,
    prices: Prices,
}

/// How a question is answered.
pub(super) struct Plan {
    /// What is looked up.
    pub looked_up: Expression,
    /// What is compared with the facets of the entries found.
    pub compared: Option<Sought>,
    /// Whether the text is looked up; if not, some that are found do not have it.
    pub with_text: bool,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// So many that match.
    pub matches: f64,
    /// The fewest entries among which they are looked for.
    pub among: f64,
    /// The share of entries with the right facets that have the text, as far as is known.
    pub text_share: f64,
}

/// A part of a question that is looked up or compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The list of this place of which one is wanted.
    All(usize),
    /// What is not wanted.
    None,
    /// The text.
    Text,
}

/// A part with what it costs.
#[derive(Debug, Clone, Copy)]
struct Priced {
    part: Part,
    /// Entries that looking it up goes past.
    entries: f64,
    /// The share of entries that pass it.
    passes: f64,
}

impl Question {
    pub(super) fn new(sought: Sought, pieces: Vec<String>, prices: Prices) -> Self {
        Self { sought, pieces, prices }
    }

    /// The value of the highest step on which there may be a match.
    pub(super) fn highest(&self, sort: StoreSort) -> String {
        value_of(self.sought.highest(sort))
    }

    /// All of it, looked up.
    pub(super) fn whole(&self) -> Expression {
        self.sought.expression().and_each(self.pieces.iter().cloned())
    }

    /// The share of entries that have the text, where `share` is that of entries that match all.
    pub(super) fn text_share(&self, share: f64) -> f64 {
        let facets: f64 = self.facets().iter().map(|part| part.passes).product();
        (share / facets).clamp(0.0, 1.0)
    }

    /// The cheapest way to what is wanted.
    pub(super) fn plan(&self, wanted: Wanted) -> Plan {
        let mut parts = self.facets();
        if !self.pieces.is_empty() {
            let entries = wanted.text_share * self.size() * self.pieces.len() as f64;
            parts.push(Priced { part: Part::Text, entries, passes: wanted.text_share });
        }
        parts.sort_by(|a, b| b.entries.total_cmp(&a.entries));
        let compared = (0..=parts.len())
            .map(|most| parts.split_at(most))
            .min_by(|a, b| self.cost(*a, wanted).total_cmp(&self.cost(*b, wanted)))
            .map_or(&[][..], |(compared, _)| compared);
        let is_compared = |part| compared.iter().any(|priced| priced.part == part);
        let with_text = !is_compared(Part::Text);
        let (mut looked_up, mut left) = (self.sought.clone(), self.sought.clone());
        let lists = || self.sought.all.iter().cloned().enumerate();
        let of_all =
            |want: bool| lists().filter(move |(place, _)| is_compared(Part::All(*place)) == want);
        looked_up.all = of_all(false).map(|(_, list)| list).collect();
        left.all = of_all(true).map(|(_, list)| list).collect();
        if is_compared(Part::None) {
            looked_up.none.ids.clear();
        } else {
            left.none.ids.clear();
        }
        let has_left = !left.all.is_empty() || !left.none.ids.is_empty();
        let pieces = self.pieces.iter().filter(|_| with_text).cloned();
        Plan {
            looked_up: looked_up.expression().and_each(pieces),
            compared: has_left.then_some(left),
            with_text,
        }
    }

    /// Entries of the whole index.
    fn size(&self) -> f64 {
        self.sought.base.entries.max(1) as f64
    }

    fn facets(&self) -> Vec<Priced> {
        let share = |entries: i64| (entries as f64 / self.size()).clamp(1e-6, 1.0);
        let Sought { all, none, .. } = &self.sought;
        let lists = all.iter().enumerate().map(|(place, list)| Priced {
            part: Part::All(place),
            entries: list.entries as f64,
            passes: share(list.entries),
        });
        let unwanted = Some(none).filter(|none| !none.ids.is_empty()).map(|none| Priced {
            part: Part::None,
            entries: none.entries as f64,
            // Some have more than one of them.
            passes: (1.0 - share(none.entries)).max(0.1),
        });
        lists.chain(unwanted).collect()
    }

    /// What it costs to compare some parts and to look the others up.
    fn cost(&self, (compared, looked_up): (&[Priced], &[Priced]), wanted: Wanted) -> f64 {
        let passing = |parts: &[Priced]| parts.iter().map(|part| part.passes).product::<f64>();
        let found = (wanted.matches / passing(compared)).max(wanted.among * passing(looked_up));
        let is_text = |priced: &&Priced| priced.part == Part::Text;
        let has_facets = compared.iter().any(|part| !is_text(&part));
        let facets = if has_facets { found * self.prices.facets } else { 0.0 };
        let text = compared.iter().find(is_text);
        let texts = text.map_or(0.0, |text| wanted.matches / text.passes * self.prices.text);
        looked_up.iter().map(|part| part.entries).sum::<f64>() + facets + texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::facets::OneOf;

    const SIZE: i64 = 1_000_000;

    fn question(all: &[i64], none: i64, pieces: usize) -> Question {
        let list = |ids: Vec<i64>, entries| OneOf { ids, entries, highest: [0; 2] };
        let lists = all.iter().zip(10..).map(|(entries, id)| list(vec![id], *entries)).collect();
        let unwanted = if none > 0 { vec![99] } else { Vec::new() };
        let sought = Sought { base: list(vec![1], SIZE), all: lists, none: list(unwanted, none) };
        let pieces = (0..pieces).map(|piece| format!("g{piece}")).collect();
        Question::new(sought, pieces, MEASURED)
    }

    fn wanted(text_share: f64) -> Wanted {
        Wanted { matches: 40.0, among: 1_500.0, text_share }
    }

    #[test]
    fn what_most_have_is_compared_and_what_few_have_looked_up() {
        let plan = question(&[900_000, 2_000], 700_000, 0).plan(wanted(1.0));
        assert_eq!(plan.looked_up.all, [["f11"]]);
        assert!(plan.looked_up.none.is_empty());
        let compared = plan.compared.unwrap();
        assert!(
            compared.allows("3 10 11") && !compared.allows("3 11") && !compared.allows("10 99")
        );
        let plan = question(&[2_000, 3_000], 0, 0).plan(wanted(1.0));
        assert_eq!(plan.looked_up.all.len(), 2);
        assert!(plan.compared.is_none());
    }

    #[test]
    fn a_text_that_many_have_is_read_and_a_rare_one_looked_up() {
        let common = question(&[], 0, 5).plan(wanted(0.2));
        assert!(!common.with_text && common.looked_up.all.is_empty() && common.compared.is_none());
        let rare = question(&[], 0, 5).plan(wanted(0.001));
        assert!(rare.with_text && rare.looked_up.all.len() == 5);
    }

    #[test]
    fn what_is_known_of_all_tells_the_share_of_the_text() {
        let question = question(&[500_000], 0, 5);
        assert!((question.text_share(0.1) - 0.2).abs() < 1e-9);
        assert!((question.text_share(0.9) - 1.0).abs() < 1e-9);
    }
}
