//! Credits: what a month of them comes to, and how a reveal of a contact can come out (contract
//! §7, §10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::contact::{Channels, ContactPreview};

/// The most contacts of one reveal.
pub const MOST_CONTACTS: usize = 10;
/// The longest idempotency key, characters.
pub const LONGEST_KEY: usize = 255;
/// What an idempotency key looks like: visible ASCII.
pub const KEY_PATTERN: &str = "^[!-~]+$";
/// The most that one grant or take moves.
pub const MOST_ADJUSTED: i64 = 1_000_000;

/// What a change of a balance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// The plan's credits, when the month was opened.
    Allowance,
    /// The difference when the plan's credits changed within the month.
    PlanChange,
    /// Given by an administrator.
    Grant,
    /// Taken by an administrator.
    Take,
    /// Spent on contacts.
    Reveal,
}

impl EntryKind {
    /// As the database keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowance => "allowance",
            Self::PlanChange => "plan_change",
            Self::Grant => "grant",
            Self::Take => "take",
            Self::Reveal => "reveal",
        }
    }

    /// A stored kind in words.
    pub fn in_words(stored: &str) -> &'static str {
        match stored {
            "allowance" => "Credits of the plan",
            "plan_change" => "Plan changed",
            "grant" => "Granted",
            "take" => "Withdrawn",
            "reveal" => "Contacts revealed",
            _ => "Other",
        }
    }
}

/// A month as its row has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// What the plan gave when the month was opened or last adjusted.
    pub allowance: i64,
    /// What the ledger sums to; below zero after a smaller plan.
    pub balance: i64,
    /// What reveals took.
    pub spent: i64,
}

impl Month {
    /// What a plan that gives `live` now adds to the balance.
    pub fn change_to(self, live: i64) -> i64 {
        live.saturating_sub(self.allowance)
    }
}

/// The credits of an account in a month, as its plan is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Credits {
    /// The plan's and what administrators gave, less what they took; never below zero.
    pub limit: i64,
    /// Spent.
    pub used: i64,
    /// Left; zero after a plan became smaller than what was spent.
    pub remaining: i64,
}

impl Credits {
    /// What a plan that gives `live` makes of a month; of none, if nobody has touched it yet.
    pub fn of(month: Option<Month>, live: i64) -> Self {
        let month = month.unwrap_or(Month { allowance: live, balance: live, spent: 0 });
        let balance = month.balance.saturating_add(month.change_to(live));
        Self {
            limit: balance.saturating_add(month.spent).max(0),
            used: month.spent,
            remaining: balance.max(0),
        }
    }
}

/// How one id of a reveal came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevealOutcome {
    /// Revealed for the first time by this account, for one credit.
    Revealed,
    /// The account has paid for it before; free.
    AlreadyRevealed,
    /// Nothing of it may be revealed; free.
    NoSafeChannel,
    /// There is no such contact; free.
    NotFound,
    /// The text cannot be an id of a contact; free.
    InvalidContactId,
}

impl RevealOutcome {
    /// What it costs.
    pub fn credits(self) -> i64 {
        i64::from(self == Self::Revealed)
    }

    /// Whether channels come with it.
    pub fn shows_channels(self) -> bool {
        matches!(self, Self::Revealed | Self::AlreadyRevealed)
    }
}

/// One id of a reveal with what it gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RevealedContact {
    /// The id as it was given.
    pub contact_id: String,
    /// How it came out.
    pub outcome: RevealOutcome,
    /// Credits spent on it.
    pub credits: i64,
    /// Who it is, if it is revealed.
    pub contact: Option<ContactPreview>,
    /// The safe channels, if it is revealed.
    pub channels: Channels,
}

/// The ids in their order, each once.
pub fn fold(ids: Vec<String>) -> Vec<String> {
    let mut folded: Vec<String> = Vec::with_capacity(ids.len().min(MOST_CONTACTS));
    for id in ids {
        if !folded.contains(&id) {
            folded.push(id);
        }
    }
    folded
}

/// Whether `text` can be an idempotency key: visible ASCII, at most 255 of it (contract §8).
pub fn is_idempotency_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_follows_its_plan_and_never_shows_less_than_nothing() {
        let untouched = Credits::of(None, 500);
        assert_eq!(untouched, Credits { limit: 500, used: 0, remaining: 500 });
        // 500 of the plan, 40 granted, 100 spent.
        let month = Month { allowance: 500, balance: 440, spent: 100 };
        let state = |live| Credits::of(Some(month), live);
        assert_eq!(state(500), Credits { limit: 540, used: 100, remaining: 440 });
        assert_eq!(state(3_000), Credits { limit: 3_040, used: 100, remaining: 2_940 });
        assert_eq!(state(0), Credits { limit: 40, used: 100, remaining: 0 });
        let taken = Month { allowance: 500, balance: 0, spent: 0 };
        assert_eq!(Credits::of(Some(taken), 0), Credits::default());
    }

    #[test]
    fn only_a_first_reveal_costs_and_only_reveals_show() {
        use RevealOutcome::{AlreadyRevealed, InvalidContactId, NoSafeChannel, NotFound, Revealed};
        assert_eq!((Revealed.credits(), Revealed.shows_channels()), (1, true));
        assert_eq!((AlreadyRevealed.credits(), AlreadyRevealed.shows_channels()), (0, true));
        for free in [NoSafeChannel, NotFound, InvalidContactId] {
            assert_eq!((free.credits(), free.shows_channels()), (0, false));
        }
    }

    #[test]
    fn ids_are_folded_in_their_order() {
        let ids = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(fold(ids("b a b c a")), ids("b a c"));
    }

    #[test]
    fn keys_are_visible_ascii() {
        assert!(is_idempotency_key("order-17") && is_idempotency_key(&"k".repeat(255)));
        for wrong in ["", "a key", "clé", "k\n", "\0", &"k".repeat(256)] {
            assert!(!is_idempotency_key(wrong), "{wrong:?}");
        }
    }
}
