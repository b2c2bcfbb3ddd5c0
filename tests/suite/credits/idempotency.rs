//! The same key and request get the first answer again, at no charge.

use futures_util::future::join_all;
use portcullis::domain::credit::RevealOutcome;

use super::*;
use crate::support::{OTHER, both_databases};

both_databases! {
    async fn a_repeated_request_gets_the_first_answer_and_pays_nothing(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 4).await);
        let first = ask(&app.ctx, payer, keyed(&ids[..2], "a-key")).await.unwrap();
        // Meanwhile something else is spent, and the requests of the day are used up.
        ask(&app.ctx, payer, request(&ids[2..3])).await.unwrap();
        app.sql("UPDATE plans SET requests_per_day = 2").await;
        let again = ask(&app.ctx, payer, keyed(&ids[..2], "a-key")).await.unwrap();
        assert!(again.replayed && !first.replayed);
        assert_eq!(again, Answer { replayed: true, ..first });
        assert_eq!(outcomes(&again), [RevealOutcome::Revealed; 2]);
        let used = meter::used(&app.ctx, payer.account).await.unwrap();
        assert_eq!((used.day, used.credits.used), (2, 3));
        // Every answer is in the log, and the second one spent nothing.
        assert_eq!(app.count("SELECT count(*) FROM activity WHERE outcome = 'ok'").await, 3);
        // Who may not call any more gets nothing again either.
        app.sql("UPDATE plans SET api_access = (1 = 0)").await;
        assert_eq!(code(&ask(&app.ctx, payer, keyed(&ids[..2], "a-key")).await), "api_access_disabled");
        check_books(app).await;
    }

    async fn a_key_with_another_request_is_a_conflict(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 3).await);
        ask(&app.ctx, payer, keyed(&ids[..1], "a-key")).await.unwrap();
        let refused = ask(&app.ctx, payer, keyed(&ids[..2], "a-key")).await;
        assert_eq!(code(&refused), "idempotency_conflict");
        assert_eq!(refused.unwrap_err().param.as_deref(), Some("idempotency_key"));
        assert_eq!(shown(app, payer.account).await.used, 1);
        // The same contact twice is the same request; another account's key is another key.
        let twice = [ids[0].clone(), ids[0].clone()];
        assert!(ask(&app.ctx, payer, keyed(&twice, "a-key")).await.unwrap().replayed);
        let other = ask(&app.ctx, payer_of(app, OTHER).await, keyed(&ids[..2], "a-key")).await.unwrap();
        assert_eq!((other.replayed, other.credits_spent), (false, 2));
        check_books(app).await;
    }

    async fn requests_of_one_key_at_once_are_one(app) {
        plan(app, 3).await;
        let (payer, ids) = (payer(app).await, contacts(app, 3).await);
        let other = replica(app).await;
        let calls = (0..30).map(|number| {
            ask(if number % 2 == 0 { &app.ctx } else { &other }, payer, keyed(&ids, "a-key"))
        });
        let answers: Vec<Answer> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.contacts == answers[0].contacts));
        assert!(answers.iter().all(|answer| (answer.credits_spent, answer.credits_remaining) == (3, 0)));
        let used = meter::used(&app.ctx, payer.account).await.unwrap();
        assert_eq!((used.day, used.credits.used), (1, 3));
        check_books(app).await;
    }

    async fn a_refusal_is_not_kept_for_its_key(app) {
        plan(app, 1).await;
        let (payer, ids) = (payer(app).await, contacts(app, 2).await);
        assert_eq!(code(&ask(&app.ctx, payer, keyed(&ids, "a-key")).await), "insufficient_credits");
        plan(app, 2).await;
        let answer = ask(&app.ctx, payer, keyed(&ids, "a-key")).await.unwrap();
        assert_eq!((answer.replayed, answer.credits_spent), (false, 2));
        check_books(app).await;
    }

    async fn a_key_is_kept_a_day(app) {
        plan(app, 500).await;
        let (payer, ids) = (payer(app).await, contacts(app, 2).await);
        ask(&app.ctx, payer, keyed(&ids[..1], "a-key")).await.unwrap();
        app.clock.advance(86_399);
        portcullis::jobs::run_all(&app.ctx).await;
        assert!(ask(&app.ctx, payer, keyed(&ids[..1], "a-key")).await.unwrap().replayed);
        app.clock.advance(1);
        // Whether or not the job has removed it.
        let answer = ask(&app.ctx, payer, keyed(&ids, "a-key")).await.unwrap();
        assert_eq!((answer.replayed, answer.credits_spent), (false, 1));
        app.clock.advance(86_400);
        portcullis::jobs::run_all(&app.ctx).await;
        assert_eq!(app.count("SELECT count(*) FROM idempotency_keys").await, 0);
        check_books(app).await;
    }

    async fn what_is_kept_for_a_key_holds_no_channel_and_no_name(app) {
        let payer = payer(app).await;
        import_contacts(app, "one,Ann,ann@shop.example,valid,+1 555 0100,https://www.linkedin.com/in/ann\n").await;
        let ids = ids(app).await;
        ask(&app.ctx, payer, keyed(&ids, "a-key")).await.unwrap();
        let kept = texts(&app.ctx, "SELECT body_digest || outcome AS text FROM idempotency_keys").await;
        for secret in ["Ann", "ann@", "555", "linkedin.com", ids[0].as_str()] {
            assert!(!kept[0].contains(secret), "{kept:?}");
        }
    }
}
