//! Whom an act is for: the rows that were ticked, or everybody whom the view shows except those
//! unticked. A choice of everybody travels as the view's query, never as a list of people.

use serde::Deserialize;

use super::parts;
use super::query::{Asked, View};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::store::grid::GridFilter;

/// People of one list at most: more than a page has.
const MOST: usize = 1000;

/// A choice as forms and addresses carry it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// `yes`: everybody whom the view shows.
    pub all: String,
    /// Ids of the ticked rows.
    pub user: Vec<String>,
    /// Ids of rows that were unticked after everybody was chosen.
    pub excluded: Vec<String>,
    /// The query of the view.
    pub back: String,
}

/// A choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    view: View,
    people: People,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum People {
    Only(Vec<UserId>),
    AllBut(Vec<UserId>),
}

impl Choice {
    /// Reads a choice. What is wrong is refused and never left out: a filter that goes missing
    /// would choose more people.
    pub fn parse(chosen: &Chosen) -> Result<Self> {
        let asked = Asked::parse(&chosen.back);
        if let Some(problem) = asked.problems.into_iter().next() {
            return Err(problem);
        }
        let people = match chosen.all.as_str() {
            "yes" => People::AllBut(ids(&chosen.excluded)?),
            _ => People::Only(ids(&chosen.user)?),
        };
        Ok(Self { view: asked.view, people })
    }

    /// The view to return to.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whom the database is asked for.
    pub fn filter(&self, now: Timestamp) -> GridFilter {
        match &self.people {
            People::Only(ids) => GridFilter { only: Some(ids.clone()), ..GridFilter::default() },
            People::AllBut(ids) => GridFilter { except: ids.clone(), ..self.view.filter(now) },
        }
    }

    /// Whom that means, in words, for the log, which has no names beside it.
    pub fn in_words(&self) -> String {
        let whom = self.of_whom();
        match &self.people {
            People::AllBut(except) if except.len() == 1 => format!("{whom}, except 1 unticked"),
            People::AllBut(except) if !except.is_empty() => {
                format!("{whom}, except {} unticked", except.len())
            }
            _ => whom,
        }
    }

    /// Among whom it chooses, in words; who was unticked is to be said beside it.
    pub fn of_whom(&self) -> String {
        match &self.people {
            People::Only(ids) if ids.len() == 1 => "The person ticked in the list".into(),
            People::Only(_) => "Everybody ticked in the list".into(),
            People::AllBut(_) => match parts::filters_in_words(&self.view) {
                filters if filters.is_empty() => "Everybody".to_owned(),
                filters => format!("Everybody who fits {filters}"),
            },
        }
    }

    /// The fields that carry it.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let (all, name, ids) = match &self.people {
            People::Only(ids) => (None, "user", ids),
            People::AllBut(ids) => (Some(("all", "yes".to_owned())), "excluded", ids),
        };
        let query = self.view.to_query_string();
        let back = (!query.is_empty()).then_some(("back", query));
        let ids = ids.iter().map(|id| (name, id.to_string()));
        all.into_iter().chain(back).chain(ids).collect()
    }
}

fn ids(typed: &[String]) -> Result<Vec<UserId>> {
    if typed.len() > MOST {
        let text = format!("Tick at most {MOST} people, or select all that match.");
        return Err(Error::field("user", text));
    }
    let mut ids = typed
        .iter()
        .map(|id| id.parse().map_err(|_| Error::field("user", "Tick people in the list.")))
        .collect::<Result<Vec<UserId>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(all: &str, user: &[&str], excluded: &[&str], back: &str) -> Chosen {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Chosen { all: all.into(), user: own(user), excluded: own(excluded), back: back.into() }
    }

    #[test]
    fn ticked_rows_are_chosen_whatever_the_filter_and_everybody_by_it() {
        let choice = Choice::parse(&chosen("", &["7", "3", "7"], &["9"], "q=ann")).unwrap();
        let filter = choice.filter(Timestamp(0));
        assert_eq!((filter.only, filter.text), (Some(vec![UserId(3), UserId(7)]), None));
        let choice = Choice::parse(&chosen("yes", &["7"], &["9"], "q=ann")).unwrap();
        let filter = choice.filter(Timestamp(0));
        assert_eq!((filter.only, filter.except), (None, vec![UserId(9)]));
        assert_eq!(filter.text.as_deref(), Some("ann"));
        assert_eq!(choice.in_words(), "Everybody who fits “User: ann”, except 1 unticked");
        assert_eq!(choice.of_whom(), "Everybody who fits “User: ann”");
    }

    #[test]
    fn a_choice_that_cannot_be_read_chooses_nobody() {
        for wrong in [
            chosen("yes", &[], &[], "q=a"),
            chosen("yes", &[], &[], "status=maybe"),
            chosen("yes", &[], &["x"], ""),
            chosen("", &["1; DROP"], &[], ""),
        ] {
            assert!(Choice::parse(&wrong).is_err(), "{wrong:?}");
        }
        let nobody = Choice::parse(&chosen("", &[], &[], "")).unwrap();
        assert_eq!(nobody.filter(Timestamp(0)).only, Some(Vec::new()));
    }
}
