//! Months, plans, grants and takes.

use futures_util::future::join_all;
use portcullis::domain::quota::Span;

use super::*;
use crate::support::{PASSWORD, both_databases};

fn credits_of(limit: i64, used: i64, remaining: i64) -> Credits {
    Credits { limit, used, remaining }
}

async fn entries(app: &TestApp, kind: &str) -> i64 {
    app.count(format!("SELECT count(*) FROM credit_ledger WHERE kind = '{kind}'")).await
}

both_databases! {
    async fn a_month_begins_with_the_plans_credits_and_nothing_rolls_over(app) {
        plan(app, 5).await;
        let (payer, ids) = (payer(app).await, contacts(app, 8).await);
        assert_eq!(shown(app, payer.account).await, credits_of(5, 0, 5), "before anybody touched it");
        assert_eq!(app.count("SELECT count(*) FROM credit_balances").await, 0, "looking opens nothing");
        ask(&app.ctx, payer, request(&ids[..3])).await.unwrap();
        assert_eq!(shown(app, payer.account).await, credits_of(5, 3, 2));
        // The last millisecond of the month, and the first of the next.
        let end = Span::Month.reset(app.clock.now());
        app.clock.advance((end.0 - app.clock.now().0) / 1000 - 1);
        assert_eq!(code(&ask(&app.ctx, payer, request(&ids[3..6])).await), "insufficient_credits");
        app.clock.advance(1);
        assert_eq!(shown(app, payer.account).await, credits_of(5, 0, 5));
        assert_eq!(ask(&app.ctx, payer, request(&ids[3..])).await.unwrap().credits_remaining, 0);
        assert_eq!(entries(app, "allowance").await, 2);
        check_books(app).await;
    }

    async fn a_change_of_plan_acts_on_the_next_call(app) {
        plan(app, 5).await;
        let (payer, ids) = (payer(app).await, contacts(app, 12).await);
        ask(&app.ctx, payer, request(&ids[..4])).await.unwrap();
        plan(app, 8).await;
        assert_eq!(shown(app, payer.account).await, credits_of(8, 4, 4), "told before it is adjusted");
        ask(&app.ctx, payer, request(&ids[4..8])).await.unwrap();
        assert_eq!(entries(app, "plan_change").await, 1);
        // Smaller than what was spent: nothing is left, and what is paid for stays.
        plan(app, 2).await;
        assert_eq!(shown(app, payer.account).await, credits_of(2, 8, 0));
        assert_eq!(code(&ask(&app.ctx, payer, request(&ids[8..9])).await), "insufficient_credits");
        assert_eq!(ask(&app.ctx, payer, request(&ids[..8])).await.unwrap().credits_remaining, 0);
        assert_eq!(app.count("SELECT min(balance) FROM credit_balances").await, -6);
        check_books(app).await;
        plan(app, 9).await;
        assert_eq!(ask(&app.ctx, payer, request(&ids[8..9])).await.unwrap().credits_remaining, 0);
        assert_eq!((entries(app, "plan_change").await, entries(app, "allowance").await), (3, 1));
        check_books(app).await;
    }

    async fn a_change_of_plan_is_entered_once_by_many_at_once(app) {
        plan(app, 5).await;
        let (payer, ids) = (payer(app).await, contacts(app, 1).await);
        ask(&app.ctx, payer, request(&ids)).await.unwrap();
        plan(app, 50).await;
        let other = replica(app).await;
        join_all((0..20).map(|n| ask(if n % 2 == 0 { &app.ctx } else { &other }, payer, request(&ids)))).await;
        assert_eq!(entries(app, "plan_change").await, 1);
        assert_eq!(shown(app, payer.account).await, credits_of(50, 1, 49));
        check_books(app).await;
    }

    async fn grants_and_takes_act_on_the_next_call(app) {
        plan(app, 1).await;
        let (payer, ids) = (payer(app).await, contacts(app, 4).await);
        assert_eq!(adjust(app, payer.account, 2).await.unwrap(), credits_of(3, 0, 3));
        assert_eq!(ask(&app.ctx, payer, request(&ids[..2])).await.unwrap().credits_remaining, 1);
        let refused = adjust(app, payer.account, -2).await.unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("amount"));
        assert!(refused.message.contains("take at most 1"), "{refused}");
        assert_eq!(adjust(app, payer.account, -1).await.unwrap(), credits_of(2, 2, 0));
        assert_eq!(code(&ask(&app.ctx, payer, request(&ids[2..3])).await), "insufficient_credits");
        // Of this month only.
        app.clock.advance(31 * 86_400);
        assert_eq!(shown(app, payer.account).await, credits_of(1, 0, 1));
        check_books(app).await;
    }

    async fn a_grant_is_written_down_with_who_and_why(app) {
        plan(app, 1).await;
        let account = account_of(app, MEMBER).await;
        let actor = app.admin_actor().await;
        let grant = async |amount: i64, reason: &str| {
            let proof = portcullis::service::login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
            credits::adjust(&app.ctx, &actor, proof, account, wanted(amount, reason)).await
        };
        for (amount, reason, field) in [
            (0, "why", "amount"), (1_000_001, "why", "amount"), (-1_000_001, "why", "amount"),
            (i64::MIN, "why", "amount"), (5, " ", "reason"), (5, "a\nb", "reason"), (5, "\0", "reason"),
        ] {
            assert_eq!(grant(amount, reason).await.unwrap_err().param.as_deref(), Some(field), "{amount} {reason:?}");
        }
        assert_eq!(grant(5, &"r".repeat(201)).await.unwrap_err().param.as_deref(), Some("reason"));
        assert_eq!(app.count("SELECT count(*) FROM credit_ledger").await, 0);
        grant(5, " welcome ").await.unwrap();
        let entry = "SELECT count(*) FROM credit_ledger WHERE kind = 'grant' AND amount = 5 AND balance_after = 6 \
            AND reason = 'welcome' AND actor = 'ada@acme.example' AND actor_id IS NOT NULL";
        assert_eq!(app.count(entry).await, 1);
        let audit = "SELECT count(*) FROM audit WHERE action = 'credits_adjusted' AND target_kind = 'account' \
            AND target = 'Acme' AND outcome = 'ok' AND detail LIKE '%welcome%'";
        assert_eq!(app.count(audit).await, 1);
        let missing = credits::adjust(
            &app.ctx, &actor, Reconfirmed { user: actor.user.unwrap() }, AccountId(9_999), wanted(1, "why")).await;
        assert_eq!(missing.unwrap_err().code.as_str(), "not_found");
        let auditor = Reconfirmed { user: app.id_of(crate::support::AUDITOR).await };
        let stolen = credits::adjust(&app.ctx, &actor, auditor, account, wanted(1, "why")).await;
        assert_eq!(stolen.unwrap_err().code.as_str(), "internal_error", "another's password");
        check_books(app).await;
    }

    async fn a_balance_without_its_ledger_is_found(app) {
        plan(app, 5).await;
        let (payer, ids) = (payer(app).await, contacts(app, 1).await);
        ask(&app.ctx, payer, request(&ids)).await.unwrap();
        app.sql("UPDATE credit_balances SET balance = balance + 1").await;
        let wrong = app.ctx.db.read(|conn| Ok(differences(conn)?)).await.unwrap();
        assert_eq!(wrong.len(), 1);
        assert_eq!((wrong[0].account_id, wrong[0].balance, wrong[0].ledger), (payer.account, 5, 4));
        app.sql("UPDATE credit_balances SET balance = balance - 1, spent = 0").await;
        assert_eq!(app.ctx.db.read(|conn| Ok(differences(conn)?)).await.unwrap().len(), 1);
    }
}
