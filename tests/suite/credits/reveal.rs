//! What a reveal costs and gives, and what it never gives.

use portcullis::domain::credit::{Credits, RevealOutcome};

use super::*;
use crate::support::{OTHER, both_databases};

const UNKNOWN: &str = "ct_000000000000000000000000";

#[test]
fn what_costs_nothing_is_told_by_the_code_of_the_table() {
    use portcullis::error::ErrorCode;
    for (outcome, code) in [
        (RevealOutcome::NotFound, ErrorCode::NotFound),
        (RevealOutcome::InvalidContactId, ErrorCode::InvalidContactId),
    ] {
        assert_eq!(serde_json::to_value(outcome).unwrap(), code.as_str());
    }
}

both_databases! {
    async fn a_first_reveal_costs_one_credit_and_never_again(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 3).await);
        let answer = ask(&app.ctx, payer, request(&ids[..2])).await.unwrap();
        assert_eq!(outcomes(&answer), [RevealOutcome::Revealed; 2]);
        assert_eq!((answer.credits_spent, answer.credits_remaining, answer.replayed), (2, 498, false));
        let first = &answer.contacts[0];
        assert_eq!((first.contact_id.as_str(), first.credits), (ids[0].as_str(), 1));
        assert_eq!(first.channels.email.as_deref(), Some("p0@shop.example"));
        assert_eq!(first.contact.as_ref().unwrap().first_name.as_deref(), Some("Person 0"));

        let again = ask(&app.ctx, payer, request(&ids)).await.unwrap();
        let expected = [RevealOutcome::AlreadyRevealed, RevealOutcome::AlreadyRevealed, RevealOutcome::Revealed];
        assert_eq!(outcomes(&again), expected);
        assert_eq!((again.credits_spent, again.credits_remaining), (1, 497));
        assert_eq!(again.contacts[0].channels.email.as_deref(), Some("p0@shop.example"));
        // A month later too.
        app.clock.advance(31 * 86_400);
        let later = ask(&app.ctx, payer, request(&ids)).await.unwrap();
        assert_eq!((later.credits_spent, later.credits_remaining), (0, 500));
        // What one account paid for, another pays for itself.
        let other = ask(&app.ctx, payer_of(app, OTHER).await, request(&ids)).await.unwrap();
        assert_eq!(other.credits_spent, 3);
        check_books(app).await;
    }

    async fn unknown_malformed_and_repeated_ids_cost_nothing(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 1).await);
        let asked: Vec<String> = [UNKNOWN, "nonsense\0", &ids[0], &ids[0], ""].map(str::to_owned).into();
        let answer = ask(&app.ctx, payer, request(&asked)).await.unwrap();
        use RevealOutcome::{InvalidContactId, NotFound, Revealed};
        assert_eq!(outcomes(&answer), [NotFound, InvalidContactId, Revealed, InvalidContactId]);
        assert_eq!(answer.credits_spent, 1);
        let nothing = ask(&app.ctx, payer, request(&asked[..2])).await.unwrap();
        assert_eq!((nothing.credits_spent, nothing.credits_remaining), (0, 499));
        assert!(nothing.contacts.iter().all(|contact| contact.contact.is_none() && contact.channels.is_empty()));
        check_books(app).await;
    }

    async fn a_reveal_counts_one_request_and_no_rows(app) {
        let (payer, ids) = (payer(app).await, contacts(app, 9).await);
        app.sql("UPDATE plans SET requests_per_minute = 2").await;
        for part in ids.chunks(4).take(2) {
            ask(&app.ctx, payer, request(part)).await.unwrap();
        }
        let used = meter::used(&app.ctx, payer.account).await.unwrap();
        assert_eq!((used.minute, used.day, used.rows, used.credits.used), (2, 2, 0, 8));
        let refused = ask(&app.ctx, payer, request(&ids)).await;
        assert_eq!(code(&refused), "rate_limit_exceeded");
        assert!(refused.unwrap_err().retry_after.is_some());
        assert_eq!(shown(app, payer.account).await.used, 8);
        assert_eq!(app.count("SELECT count(*) FROM activity WHERE outcome = 'limited'").await, 1);
        app.clock.advance(60);
        app.sql("UPDATE plans SET requests_per_day = 2").await;
        assert_eq!(code(&ask(&app.ctx, payer, request(&ids)).await), "daily_limit_exceeded");
        app.sql("UPDATE plans SET api_access = (1 = 0)").await;
        assert_eq!(code(&ask(&app.ctx, payer, request(&ids)).await), "api_access_disabled");
        check_books(app).await;
    }

    async fn nothing_is_spent_without_the_confirmation(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 3).await);
        ask(&app.ctx, payer, request(&ids[..1])).await.unwrap();
        let unconfirmed = Request { confirm: false, ..keyed(&ids, "a-key") };
        let refused = ask(&app.ctx, payer, unconfirmed.clone()).await;
        assert_eq!(code(&refused), "confirmation_required");
        let message = refused.unwrap_err().message;
        assert!(message.contains("cost 2 credits of the 499 left"), "{message}");
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 1);
        let denied = "SELECT count(*) FROM activity WHERE outcome = 'denied' AND error_code = 'confirmation_required' \
            AND credits_spent = 0";
        assert_eq!(app.count(denied).await, 1);
        // The refusal is not kept for the key, and its answer is not told without the confirmation.
        let answer = ask(&app.ctx, payer, keyed(&ids, "a-key")).await.unwrap();
        assert_eq!((answer.credits_spent, answer.replayed), (2, false));
        assert_eq!(code(&ask(&app.ctx, payer, unconfirmed).await), "confirmation_required");
        let used = meter::used(&app.ctx, payer.account).await.unwrap();
        assert_eq!((used.day, used.credits.remaining), (2, 497));
        check_books(app).await;
    }

    async fn too_few_credits_reveal_nothing_at_all(app) {
        plan(app, 2).await;
        let (payer, ids) = (payer(app).await, contacts(app, 3).await);
        let refused = ask(&app.ctx, payer, request(&ids)).await;
        assert_eq!(code(&refused), "insufficient_credits");
        let message = refused.unwrap_err().message;
        assert!(message.contains("cost 3 credits and 2 are left"), "{message}");
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 0);
        let used = meter::used(&app.ctx, payer.account).await.unwrap();
        assert_eq!((used.day, used.credits), (0, Credits { limit: 2, used: 0, remaining: 2 }));
        let denied = "SELECT count(*) FROM activity WHERE outcome = 'denied' AND error_code = 'insufficient_credits'";
        assert_eq!(app.count(denied).await, 1);
        // As many as there are is not too many, and what is paid for is free with nothing left.
        assert_eq!(ask(&app.ctx, payer, request(&ids[1..])).await.unwrap().credits_remaining, 0);
        assert_eq!(ask(&app.ctx, payer, request(&ids[1..])).await.unwrap().credits_spent, 0);
        assert_eq!(code(&ask(&app.ctx, payer, request(&ids[..1])).await), "insufficient_credits");
        check_books(app).await;
    }

    async fn senseless_requests_are_told_and_written_down(app) {
        let (payer, ids) = (payer(app).await, contacts(app, 11).await);
        let key = |key: &str| keyed(&ids[..1], key);
        for (wrong, field) in [
            (request(&[]), "contact_ids"), (request(&ids), "contact_ids"),
            (key(""), "idempotency_key"), (key("a b"), "idempotency_key"),
            (key("schlüssel"), "idempotency_key"), (key(&"k".repeat(256)), "idempotency_key"),
        ] {
            let refused = ask(&app.ctx, payer, wrong).await;
            assert_eq!(code(&refused), "invalid_request");
            assert_eq!(refused.unwrap_err().param.as_deref(), Some(field));
        }
        assert_eq!(app.count("SELECT count(*) FROM activity WHERE outcome = 'error'").await, 6);
        assert_eq!(shown(app, payer.account).await.used, 0);
    }

    async fn an_unsafe_address_never_comes_out(app) {
        plan(app, 500).await;
        let words = ["valid", "catch_all", "guessed", "bounced", "suppressed", "unknown", ""];
        let mut lines = String::new();
        for word in words {
            lines.push_str(&format!("a-{word},Ann,ann-{word}@shop.example,{word},,\n"));
            lines.push_str(&format!("b-{word},Bob,bob-{word}@shop.example,{word},+1 555 0100,https://www.linkedin.com/in/bob\n"));
        }
        lines.push_str("nothing,Nil,,valid,,\n");
        import_contacts(app, &lines).await;
        let (payer, ids) = (payer(app).await, ids(app).await);
        let mut told = Vec::new();
        // Twice: what is free the second time is no other.
        for _ in 0..2 {
            for part in ids.chunks(10) {
                told.extend(ask(&app.ctx, payer, request(part)).await.unwrap().contacts);
            }
        }
        for contact in &told {
            let json = serde_json::to_string(contact).unwrap();
            let place = ids.iter().position(|id| *id == contact.contact_id).unwrap();
            let word = words.get(place / 2).copied().unwrap_or("nothing");
            let is_safe = word == "valid";
            assert_eq!(json.contains("@shop.example"), is_safe, "{word}: {json}");
            let shows = match word {
                "valid" => true,
                "suppressed" | "nothing" => false,
                _ => place % 2 == 1,
            };
            assert_eq!(contact.outcome.shows_channels(), shows, "{word}");
            assert_eq!(contact.channels.is_empty(), !shows);
            assert_eq!(json.contains("555 0100"), shows && place % 2 == 1, "{word}");
        }
        // One valid without and one with phone, and the phones of the five others.
        assert_eq!(shown(app, payer.account).await.used, 7);
        // Nothing free is marked, so that it is paid for on the day it can be revealed.
        assert_eq!(app.count("SELECT count(*) FROM reveals").await, 7);
        check_books(app).await;
    }

    async fn an_address_that_has_become_unsafe_stays_in(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 2).await);
        ask(&app.ctx, payer, keyed(&ids, "a-key")).await.unwrap();
        app.sql("UPDATE contacts SET email_status = 'suppressed'").await;
        let answer = ask(&app.ctx, payer, request(&ids)).await.unwrap();
        assert_eq!(outcomes(&answer), [RevealOutcome::NoSafeChannel; 2]);
        let replayed = ask(&app.ctx, payer, keyed(&ids, "a-key")).await.unwrap();
        assert!(replayed.replayed && replayed.contacts.iter().all(|contact| contact.channels.is_empty()));
        app.sql("UPDATE contacts SET email_status = 'valid'").await;
        let answer = ask(&app.ctx, payer, request(&ids)).await.unwrap();
        assert_eq!((outcomes(&answer), answer.credits_spent), (vec![RevealOutcome::AlreadyRevealed; 2], 0));
    }
}
