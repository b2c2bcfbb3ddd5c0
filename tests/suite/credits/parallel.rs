//! Any number of calls at the same time spends exactly what it reveals.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::support::{AUDITOR, both_databases};

/// The contacts that these answers gave, first time or not.
fn given(answers: &[Result<Answer, Error>]) -> BTreeSet<String> {
    let answered = answers.iter().flatten().flat_map(|answer| &answer.contacts);
    answered
        .filter(|contact| !contact.channels.is_empty())
        .map(|contact| contact.contact_id.clone())
        .collect()
}

async fn check_ten(app: &TestApp, answers: &[Result<Answer, Error>], account: AccountId) {
    let spent: i64 = answers.iter().flatten().map(|answer| answer.credits_spent).sum();
    assert_eq!((spent, given(answers).len()), (10, 10));
    assert!(answers.iter().all(|answer| answer.is_ok() || code(answer) == "insufficient_credits"));
    let used = meter::used(&app.ctx, account).await.unwrap();
    assert_eq!(used.credits, Credits { limit: 10, used: 10, remaining: 0 });
    assert_eq!(used.day, answers.iter().flatten().count() as i64);
    assert_eq!(app.count("SELECT count(*) FROM reveals").await, 10);
    assert_eq!(app.count("SELECT count(*) FROM activity").await, answers.len() as i64);
    assert_eq!(app.count("SELECT count(*) FROM credit_ledger WHERE kind = 'allowance'").await, 1);
    check_books(app).await;
}

both_databases! {
    async fn a_hundred_calls_with_ten_credits_reveal_ten(app) {
        plan(app, 10).await;
        let (payer, ids) = (payer(app).await, contacts(app, 100).await);
        let calls = ids.iter().map(|id| ask(&app.ctx, payer, request(std::slice::from_ref(id))));
        let answers = join_all(calls).await;
        check_ten(app, &answers, payer.account).await;
    }

    async fn calls_for_several_spend_all_or_nothing(app) {
        plan(app, 10).await;
        let (payer, ids) = (payer(app).await, contacts(app, 60).await);
        let answers = join_all(ids.chunks(3).map(|part| ask(&app.ctx, payer, request(part)))).await;
        assert_eq!(answers.iter().flatten().count(), 3);
        assert!(answers.iter().flatten().all(|answer| answer.credits_spent == 3));
        assert_eq!((given(&answers).len(), shown(app, payer.account).await.remaining), (9, 1));
        check_books(app).await;
    }

    async fn two_replicas_spend_one_pool(app) {
        plan(app, 10).await;
        let (member, auditor) = (payer(app).await, payer_of(app, AUDITOR).await);
        let (other, ids) = (replica(app).await, contacts(app, 100).await);
        let calls = ids.iter().enumerate().map(|(number, id)| {
            let (ctx, payer) = if number % 2 == 0 { (&app.ctx, member) } else { (&other, auditor) };
            ask(ctx, payer, request(std::slice::from_ref(id)))
        });
        let answers = join_all(calls).await;
        check_ten(app, &answers, member.account).await;
    }

    async fn the_same_contact_is_charged_once(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 5).await);
        let other = replica(app).await;
        // Each in another order, so that locks taken by contact would meet.
        let calls = (0..30_usize).map(|number| {
            let mut ids = ids.clone();
            ids.rotate_left(number % 5);
            let ctx = if number % 3 == 0 { &other } else { &app.ctx };
            async move { ask(ctx, payer, request(&ids)).await.unwrap() }
        });
        let answers = join_all(calls).await;
        assert!(answers.iter().all(|answer| answer.contacts.iter().all(|contact| contact.channels.email.is_some())));
        assert_eq!(answers.iter().map(|answer| answer.credits_spent).sum::<i64>(), 5);
        assert_eq!(shown(app, payer.account).await.used, 5);
        check_books(app).await;
    }

    async fn requests_are_counted_exactly_up_to_the_limit(app) {
        plan(app, 500).await;
        app.sql("UPDATE plans SET requests_per_minute = 7").await;
        let (payer, ids) = (payer(app).await, contacts(app, 40).await);
        let other = replica(app).await;
        let calls = ids.iter().enumerate().map(|(number, id)| {
            ask(if number % 2 == 0 { &app.ctx } else { &other }, payer, request(std::slice::from_ref(id)))
        });
        let answers = join_all(calls).await;
        assert_eq!(answers.iter().flatten().count(), 7);
        assert_eq!(answers.iter().filter(|answer| code(answer) == "rate_limit_exceeded").count(), 33);
        assert_eq!((given(&answers).len(), shown(app, payer.account).await.used), (7, 7));
        check_books(app).await;
    }

    /// The windows are one count whatever calls, and the locks of the two ways of counting never
    /// stop each other.
    async fn reveals_and_other_tools_share_one_count(app) {
        plan(app, 500).await;
        let client = app.ai_client("usage:read stores:read").await;
        let credential = Some(Credential::Token(app.newest_token_of(MEMBER).await));
        let (payer, ids) = (Payer { credential, ..payer(app).await }, contacts(app, 60).await);
        let other = replica(app).await;
        let reveals = join_all(ids.iter().enumerate().map(|(number, id)| {
            ask(if number % 2 == 0 { &app.ctx } else { &other }, payer, request(std::slice::from_ref(id)))
        }));
        let looks = join_all((0..60).map(|number| {
            let tool = if number % 2 == 0 { "get_usage" } else { "get_store" };
            let arguments = if number % 2 == 0 { json!({}) } else { json!({ "domain": "shop01.example.com" }) };
            client.call_tool(tool, arguments)
        }));
        let (answers, looks) = futures_util::future::join(reveals, looks).await;
        assert!(answers.iter().all(Result::is_ok) && looks.iter().all(|answer| answer.is_ok()));
        let used = meter::used(&app.ctx, payer.account).await.unwrap();
        assert_eq!((used.minute, used.day, used.credits.used), (90, 90, 60));
        check_books(app).await;
    }

    async fn grants_takes_and_reveals_at_once_keep_the_books(app) {
        plan(app, 10).await;
        let (payer, ids) = (payer(app).await, contacts(app, 40).await);
        let reveals = join_all(ids.iter().map(|id| ask(&app.ctx, payer, request(std::slice::from_ref(id)))));
        let adjustments = join_all((0..20).map(|number| adjust(app, payer.account, if number % 2 == 0 { 2 } else { -1 })));
        let (answers, adjusted) = futures_util::future::join(reveals, adjustments).await;
        let taken = adjusted.iter().skip(1).step_by(2).filter(|done| done.is_ok()).count() as i64;
        let credits = shown(app, payer.account).await;
        assert_eq!(credits.limit, 10 + 20 - taken);
        assert_eq!(credits.used, answers.iter().flatten().count() as i64);
        assert_eq!(credits.remaining, credits.limit - credits.used);
        check_books(app).await;
    }
}
