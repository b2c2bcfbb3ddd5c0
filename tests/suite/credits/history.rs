//! Whatever happens, in whatever order: the ledger sums to the balance, and the balance is what a
//! model says.

use std::collections::BTreeSet;

use portcullis::clock::Timestamp;
use portcullis::domain::quota::Span;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::support::{OTHER, both_databases};

const CONTACTS: usize = 30;
/// The plans that accounts are moved between.
const PLANS: [&str; 2] = ["Starter", "Business"];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Reveal {
        who: usize,
        which: Vec<usize>,
        confirm: bool,
        key: Option<u8>,
    },
    Adjust(usize, i64),
    /// A plan gives so much from now on.
    Plan(usize, i64),
    /// An account is on that plan from now on.
    Move(usize, usize),
    Advance(i64),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let reveal = (
        0..2_usize,
        proptest::collection::vec(0..CONTACTS, 1..=5),
        proptest::bool::weighted(0.9),
        proptest::option::weighted(0.3, 0..3_u8),
    );
    prop_oneof![
        10 => reveal.prop_map(|(who, which, confirm, key)| Step::Reveal { who, which, confirm, key }),
        3 => (0..2_usize, -6..8_i64).prop_map(|(who, amount)| Step::Adjust(who, amount)),
        2 => (0..2_usize, 0..12_i64).prop_map(|(which, credits)| Step::Plan(which, credits)),
        2 => (0..2_usize, 0..2_usize).prop_map(|(who, which)| Step::Move(who, which)),
        3 => prop_oneof![Just(1_i64), Just(3_600), Just(86_400), Just(16 * 86_400), Just(31 * 86_400)]
            .prop_map(Step::Advance),
        1 => Just(Step::Sweep),
    ]
}

/// What the model knows of an account.
#[derive(Default)]
struct Account {
    /// Its plan.
    plan: usize,
    month: Option<Timestamp>,
    /// Grants less takes of the month.
    adjusted: i64,
    spent: i64,
    revealed: BTreeSet<usize>,
    /// Keys with their request and when it was answered.
    keys: Vec<(u8, Vec<usize>, Timestamp)>,
}

struct World<'a> {
    app: &'a TestApp,
    payers: [Payer; 2],
    ids: Vec<String>,
    /// What each plan gives.
    plans: [i64; 2],
    accounts: [Account; 2],
}

impl World<'_> {
    /// The account as of now: another month begins anew.
    fn account(&mut self, who: usize) -> &mut Account {
        let month = Some(Span::Month.start(self.app.clock.now()));
        let account = &mut self.accounts[who];
        if account.month != month {
            (account.month, account.adjusted, account.spent) = (month, 0, 0);
        }
        account
    }

    fn left(&mut self, who: usize) -> i64 {
        let plans = self.plans;
        let account = self.account(who);
        plans[account.plan] + account.adjusted - account.spent
    }

    async fn reveal(&mut self, who: usize, which: &[usize], confirm: bool, key: Option<u8>) {
        let ids: Vec<_> = which.iter().map(|place| self.ids[*place].clone()).collect();
        let idempotency_key = key.map(|key| format!("key-{key}"));
        let request = Request { ids, confirm, idempotency_key };
        let answer = ask(&self.app.ctx, self.payers[who], request).await;
        if !confirm {
            assert_eq!(code(&answer), "confirmation_required");
            return;
        }
        let mut folded = Vec::new();
        for place in which {
            if !folded.contains(place) {
                folded.push(*place);
            }
        }
        let (now, left) = (self.app.clock.now(), self.left(who).max(0));
        let account = self.account(who);
        account.keys.retain(|(_, _, at)| now < at.plus_seconds(86_400));
        if let Some((_, earlier, _)) = account.keys.iter().find(|(known, ..)| Some(*known) == key) {
            if *earlier == folded {
                assert!(answer.unwrap().replayed);
            } else {
                assert_eq!(code(&answer), "idempotency_conflict");
            }
            return;
        }
        let price = folded.iter().filter(|place| !account.revealed.contains(place)).count() as i64;
        if price > left {
            assert_eq!(code(&answer), "insufficient_credits");
            return;
        }
        let answer = answer.unwrap();
        assert_eq!((answer.credits_spent, answer.credits_remaining), (price, left - price));
        assert!(answer.contacts.iter().all(|contact| contact.channels.email.is_some()));
        account.spent += price;
        account.revealed.extend(&folded);
        account.keys.extend(key.map(|key| (key, folded, now)));
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Reveal { who, which, confirm, key } => {
                self.reveal(*who, which, *confirm, *key).await;
            }
            Step::Adjust(who, amount) => {
                let done = adjust(self.app, self.payers[*who].account, *amount).await;
                let is_allowed = *amount > 0 || (*amount < 0 && self.left(*who) + amount >= 0);
                assert_eq!(done.is_ok(), is_allowed, "{done:?}");
                if is_allowed {
                    self.account(*who).adjusted += amount;
                }
            }
            Step::Plan(which, credits) => {
                let name = PLANS[*which];
                let sql =
                    format!("UPDATE plans SET credits_per_month = {credits} WHERE name = '{name}'");
                self.app.sql(sql).await;
                self.plans[*which] = *credits;
            }
            Step::Move(who, which) => {
                self.app.sql(on_plan(self.payers[*who].account, *which)).await;
                self.accounts[*who].plan = *which;
            }
            Step::Advance(seconds) => self.app.clock.advance(*seconds),
            Step::Sweep => portcullis::jobs::run_all(&self.app.ctx).await,
        }
        for who in 0..2 {
            let left = self.left(who);
            let used = self.account(who).spent;
            let expected = Credits { limit: (left + used).max(0), used, remaining: left.max(0) };
            assert_eq!(shown(self.app, self.payers[who].account).await, expected);
        }
        // Not at the end alone: whatever was last, the ledger sums to the balance.
        let wrong = self.app.ctx.db.read(|conn| Ok(differences(conn)?)).await.unwrap();
        assert_eq!(wrong, [], "after {step:?}");
    }
}

/// Puts an account on a plan.
fn on_plan(account: AccountId, which: usize) -> String {
    let plan = PLANS[which];
    format!(
        "UPDATE accounts SET plan_id = (SELECT id FROM plans WHERE name = '{plan}') WHERE id = {account}"
    )
}

both_databases! {
    async fn the_ledger_sums_to_the_balance_after_any_history(app) {
        let mut runner = TestRunner::new(Config::default());
        let ids = contacts(app, CONTACTS).await;
        for _ in 0..12 {
            // Records are kept for months here, so that they can be held against the books.
            for table in ["reveals", "idempotency_keys", "credit_balances", "usage_windows", "activity"] {
                app.sql(format!("DELETE FROM {table}")).await;
            }
            app.set("activity_days", "3650").await;
            plan(app, 5).await;
            let steps = proptest::collection::vec(step(), 5..50).new_tree(&mut runner).unwrap().current();
            println!("{steps:?}");
            let payers = [payer(app).await, payer_of(app, OTHER).await];
            for payer in payers {
                app.sql(on_plan(payer.account, 0)).await;
            }
            let mut world = World { app, payers, ids: ids.clone(), plans: [5; 2], accounts: Default::default() };
            for step in &steps {
                world.take(step).await;
            }
            check_books(app).await;
        }
    }
}
