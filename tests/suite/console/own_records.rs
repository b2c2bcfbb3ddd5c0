//! Your activity, Your audit log: what is one's own of both logs, and nothing else (contract §11).

use serde_json::{Value, json};

use crate::support::{ADMIN, MEMBER, OTHER, both_databases, html};

both_databases! {
    /// Whoever looks, whatever the address says: the rows are their own.
    async fn own_calls_are_shown_filtered_and_exported(app) {
        let client = app.ai_client("usage:read stores:read").await;
        client.call().await;
        client.call_tool("get_store", json!({ "domain": "nobody.example.com" })).await;
        app.ai_client_of(OTHER, "usage:read").await.call().await;
        let browser = app.member().await;
        let page = browser.get("/dashboard/activity").await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(html::text(&page.text).contains("2 calls found"), "{}", page.text);
        for (query, found) in [
            ("?tool=get_store", "1 call found"),
            ("?client=Suite+Client", "2 calls found"),
            ("?outcome=error&from=today", "1 call found"),
            ("?code=not_found", "1 call found"),
            ("?surface=rest", "0 calls found"),
            // What only administrators can ask is passed over.
            (&format!("?person={}", OTHER.email), "2 calls found"),
            (&format!("?user={}", app.id_of(OTHER).await), "2 calls found"),
        ] {
            let page = browser.get(&format!("/dashboard/activity{query}")).await;
            assert_eq!(page.status, 200, "{query}");
            assert!(html::text(&page.text).contains(found), "{query}: {}", html::text(&page.text));
        }
        let wrong = browser.get("/dashboard/activity?client=Somebody+elses").await;
        assert_eq!(wrong.status, 400);
        assert!(html::text(&wrong.text).contains("you have connected none of that name"), "{}", wrong.text);
        let csv = browser.get("/dashboard/activity/export?format=csv&tool=get_usage").await;
        assert_eq!(csv.text.lines().count(), 2, "{}", csv.text);
        let jsonl = browser.get("/dashboard/activity/export?format=jsonl").await;
        let rows: Vec<Value> = jsonl.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 2);
        assert!(jsonl.header("content-disposition").ends_with("-2-rows.jsonl\""), "{}", jsonl.header("content-disposition"));
        assert!(rows.iter().all(|row| row["person"] == json!(MEMBER.email)), "{}", jsonl.text);
        assert_eq!(browser.get("/dashboard/activity/export?format=xml").await.status, 400);
    }

    /// One reads what one did and what was done to one; of what others did not from where, nor the rest.
    async fn own_audit_shows_who_did_what_and_no_more_of_others(app) {
        app.ai_client("usage:read").await;
        let admin = app.admin().await;
        let path = format!("/admin/mcp/users/{}/revoke", app.id_of(MEMBER).await);
        assert_eq!(admin.submit(&path, &path, &[]).await.status, 303);
        let browser = app.member().await;
        let text = html::text(&browser.get("/dashboard/audit").await.text);
        for words in ["Signed in", "Approved a client", "Revoked all tokens", ADMIN.name] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let jsonl = browser.get("/dashboard/audit/export?format=jsonl").await;
        let rows: Vec<Value> = jsonl.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |action: &str| rows.iter().find(|row| row["action"] == json!(action)).unwrap();
        let theirs = of("tokens_revoked");
        assert_eq!(theirs["actor"], json!(ADMIN.email));
        assert!(theirs["address"].is_null() && theirs["request_id"].is_null(), "{theirs}");
        assert!(!of("sign_in")["address"].is_null(), "{jsonl}", jsonl = jsonl.text);
        // The administrator's own sign-in is theirs, and cannot be found by guessing addresses.
        assert!(rows.iter().all(|row| row["actor"] != json!(ADMIN.email) || row["action"] == json!("tokens_revoked")));
        let all = browser.get("/dashboard/audit?address=127.0.0.2").await;
        assert!(!html::text(&all.text).contains("0 entries found"), "an address is no filter here");
        let mine = html::text(&app.signed_in(OTHER).await.get("/dashboard/audit").await.text);
        assert!(!mine.contains("Revoked all tokens"), "{mine}");
    }

    /// Who tried to sign in as one and did not get in: when, and from where. Whoever tried is told the
    /// same for an address that nobody has, and nothing is written about anybody else.
    async fn a_strangers_failed_sign_in_is_in_ones_own_audit(app) {
        let stranger = app.anonymous();
        let mut answers = Vec::new();
        for email in [MEMBER.email, "nobody@acme.example"] {
            let fields = [("email", email), ("password", "not it at all")];
            let answer = stranger.submit("/login", "/login", &fields).await;
            answers.push((answer.status, html::text(&answer.text).replace(email, "")));
        }
        assert_eq!(answers[0], answers[1]);
        let browser = app.member().await;
        let text = html::text(&browser.get("/dashboard/audit").await.text);
        assert!(text.contains("Somebody who did not get in Failed to sign in"), "{text}");
        assert_eq!(text.matches("Failed to sign in").count(), 1);
        let jsonl = browser.get("/dashboard/audit/export?format=jsonl&outcome=denied").await;
        let rows: Vec<Value> = jsonl.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 1, "{}", jsonl.text);
        assert_eq!((rows[0]["address"].as_str(), rows[0]["actor_id"].is_null()), (Some("127.0.0.1"), true));
        let other = app.signed_in(OTHER).await.get("/dashboard/audit").await;
        assert!(!other.text.contains("Failed to sign in"));
    }

    /// Nobody reads either without being signed in.
    async fn a_stranger_reads_nothing(app) {
        for path in ["/dashboard/activity", "/dashboard/audit", "/dashboard/activity/export?format=csv", "/dashboard/audit/export?format=jsonl"] {
            assert_eq!(app.anonymous().get(path).await.status, 303, "{path}");
        }
    }
}
