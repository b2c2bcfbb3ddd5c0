//! Credits over both doors: whatever calls at the same time spends exactly what it reveals.

use futures_util::future::{join, join_all};
use serde_json::json;

use super::{plenty, safe_contacts, spent};
use crate::support::api_client::{ALL, ApiClient};
use crate::support::{MEMBER, both_databases};

both_databases! {
    /// Contract §7 and §8: one pool, one transaction each.
    async fn parallel_reveals_over_both_doors_spend_what_they_reveal(app) {
        plenty(app).await;
        let ids = safe_contacts(app, 8).await;
        let (tools, api) = (app.ai_client(ALL).await, ApiClient::of(app, MEMBER, ALL).await);
        let (ids, tools, api) = (&ids, &tools, &api);
        let by_key = |number: usize| async move {
            let answer = api.post("/api/v1/contacts/reveal", &json!({ "contact_ids": ids[number % 4..number % 4 + 4] })).await;
            answer.json["credits_spent"].as_i64().unwrap_or_default()
        };
        let by_tool = |number: usize| async move {
            let arguments = json!({ "contact_ids": ids[number % 5..number % 5 + 3], "confirm_spend_credits": true });
            tools.call_tool("reveal_contacts", arguments).await.content()["credits_spent"].as_i64().unwrap_or_default()
        };
        let (one, other) = join(join_all((0..12).map(by_key)), join_all((0..12).map(by_tool))).await;
        let told: i64 = one.into_iter().chain(other).sum();
        let revealed = app.count("SELECT count(*) FROM reveals").await;
        assert_eq!((told, revealed), (7, 7));
        assert_eq!(spent(app, app.id_of(MEMBER).await).await, 7);
        assert_eq!(app.count("SELECT 1000 - balance FROM credit_balances").await, 7);
        assert_eq!(app.count("SELECT 1000 - SUM(amount) FROM credit_ledger").await, 7);
    }

    /// Contract §10: plan and account are read live; a switch of the account acts on the next call.
    async fn an_account_that_is_switched_off_is_refused_at_its_next_call(app) {
        let api = ApiClient::of(app, MEMBER, ALL).await;
        assert_eq!(api.get("/api/v1/stores/shop01.example.com").await.status, 200);
        app.sql("UPDATE accounts SET api_access = FALSE").await;
        let refused = api.get("/api/v1/stores/shop01.example.com").await;
        assert_eq!((refused.status, &refused.json["error"]["code"]), (403, &json!("api_access_disabled")));
    }

    async fn too_few_credits_reveal_nothing(app) {
        plenty(app).await;
        app.sql("UPDATE plans SET credits_per_month = 2").await;
        let ids = safe_contacts(app, 3).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        let refused = api.reveal(&ids, "all").await;
        assert_eq!((refused.status, &refused.json["error"]["code"]), (402, &json!("insufficient_credits")));
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 0);
        assert_eq!(api.reveal(&ids[..2], "some").await.json["credits_remaining"], 0);
    }

    /// The same request many times at once, at two replicas: paid for once, answered alike.
    async fn one_idempotency_key_spends_once(app) {
        plenty(app).await;
        let ids = safe_contacts(app, 2).await;
        let api = ApiClient::of(app, MEMBER, ALL).await;
        let replica = app.replica().await;
        let elsewhere = ApiClient { base: replica.base.clone(), ..api.clone() };
        let send = |number: usize| {
            let client = if number.is_multiple_of(2) { api.clone() } else { elsewhere.clone() };
            let ids = ids.clone();
            async move { client.reveal(&ids, "the-same").await }
        };
        let answers = join_all((0..10).map(send)).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", answers.iter().map(|answer| &answer.text).collect::<Vec<_>>());
        let first: Vec<_> = answers.iter().filter(|answer| answer.json["replayed"] == json!(false)).collect();
        assert_eq!(first.len(), 1);
        assert!(answers.iter().all(|answer| answer.json["data"] == first[0].json["data"] && answer.json["credits_spent"] == 2));
        assert_eq!(spent(app, app.id_of(MEMBER).await).await, 2, "paid for once");
        let conflict = api.reveal(&ids[..1], "the-same").await;
        assert_eq!((conflict.status, &conflict.json["error"]["code"]), (409, &json!("idempotency_conflict")));
        replica.stop().await;
        // Kept for a day, and then a new request.
        app.clock.advance(86_399);
        assert_eq!(api.reveal(&ids, "the-same").await.json["replayed"], true);
        app.clock.advance(1);
        assert_eq!(api.reveal(&ids, "the-same").await.json["replayed"], false);
    }
}
