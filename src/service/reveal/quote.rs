//! What a reveal would cost, for a person to decide: nothing is counted, written or shown.

use super::{Payer, find, judge};
use crate::domain::contact::ContactPreview;
use crate::domain::credit::{MOST_CONTACTS, RevealOutcome, fold};
use crate::error::{Error, Result};
use crate::service::{Ctx, credits};
use crate::store::accounts;

/// What a reveal of these contacts would come to now.
#[derive(Debug)]
pub struct Quote {
    /// Each id once, in the order given: who it is, if anybody, and how it would come out.
    pub contacts: Vec<(String, Option<ContactPreview>, RevealOutcome)>,
    /// Credits it would cost.
    pub price: i64,
    /// Credits left this month.
    pub left: i64,
}

impl Quote {
    /// How many would come out so.
    pub fn count(&self, outcome: RevealOutcome) -> usize {
        self.contacts.iter().filter(|(_, _, other)| *other == outcome).count()
    }

    /// Whether anything would be shown at all.
    pub fn shows_anything(&self) -> bool {
        self.contacts.iter().any(|(_, _, outcome)| outcome.shows_channels())
    }
}

/// Says what a reveal would cost.
///
/// # Errors
/// When there are none or more than ten ids, or the database cannot answer.
pub async fn quote(ctx: &Ctx, payer: Payer, ids: Vec<String>) -> Result<Quote> {
    if !(1..=MOST_CONTACTS).contains(&ids.len()) {
        return Err(Error::field("id", "Choose 1 to 10 contacts at a time."));
    }
    let (ids, now) = (fold(ids), ctx.clock.now());
    ctx.db
        .read(move |conn| {
            let plan = accounts::plan_of(conn, payer.account)?;
            let found = find(conn, &ids)?;
            let outcomes = judge(conn, payer.account, &ids, &found)?;
            let price = outcomes.iter().map(|outcome| outcome.credits()).sum();
            let left = credits::state(conn, payer.account, &plan, now)?.remaining;
            let who = |id: &String| {
                let contact = found.iter().find(|(_, contact)| contact.public_id == *id);
                contact.map(|(_, contact)| ContactPreview::from(contact.clone()))
            };
            let contacts = ids.iter().zip(outcomes);
            let contacts = contacts.map(|(id, outcome)| (id.clone(), who(id), outcome)).collect();
            Ok(Quote { contacts, price, left })
        })
        .await
}
