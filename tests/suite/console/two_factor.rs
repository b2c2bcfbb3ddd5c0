//! Two-factor sign-in (ASVS 6.3.3, 6.5): codes and recovery codes work once, and until the code has
//! come nobody is in.

use futures_util::future::join_all;
use portcullis::app::{Access, ROUTES};

use crate::support::ai_client::{AuthorizationRequest, REDIRECT, register};
use crate::support::browser::Page;
use crate::support::phone::{Phone, recovery_codes, turn_on};
use crate::support::{
    ADMIN, Browser, MEMBER, OTHER, PASSWORD, Person, TestApp, both_databases, html, on_sqlite,
};

const VERIFY: &str = "/login/verify";

/// A browser in which the password was given, and no code.
pub(super) async fn pending(app: &TestApp, person: Person) -> Browser {
    let browser = app.anonymous();
    let fields = [("email", person.email), ("password", PASSWORD)];
    let answer = browser.submit("/login", "/login", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, VERIFY), "{}", answer.text);
    browser
}

pub(super) async fn verify(browser: &Browser, code: &str) -> Page {
    browser.submit(VERIFY, VERIFY, &[("code", code)]).await
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/dashboard").await.status == 200
}

/// Somebody for whom it is on.
pub(super) async fn with_phone(app: &TestApp, person: Person) -> (Browser, Phone, Vec<String>) {
    let browser = app.signed_in(person).await;
    let (phone, codes) = turn_on(app, &browser).await;
    (browser, phone, codes)
}

both_databases! {
    /// A session that waits for its code opens nothing: no page, no form, no AI client.
    async fn a_sign_in_without_its_code_reaches_nothing(app) {
        let (_, phone, _) = with_phone(app, ADMIN).await;
        let browser = pending(app, ADMIN).await;
        let client = register(app, &[REDIRECT]).await;
        let wanted = AuthorizationRequest::new(app, &client, "usage:read");
        for route in ROUTES.iter().filter(|route| !matches!(route.access, Access::Anyone | Access::Nearby)) {
            let path = route.path.replace(['{', '}'], "");
            let form = [("csrf", "")];
            let request = browser.request(route.method, &path);
            let request = if route.method == "POST" { request.form(&form) } else { request };
            let status = request.send().await.unwrap().status().as_u16();
            let is_page = route.method == "GET" && route.access != Access::Key;
            let closed = if is_page { 303 } else { 401 };
            assert_eq!(status, closed, "{} {}", route.method, route.path);
        }
        let asked = browser.get(&wanted.path()).await;
        assert!(asked.header("location").starts_with("/login?continue="), "{}", asked.header("location"));
        assert_eq!(app.audited("sign_in").await.len(), 1, "nobody signed in but to turn it on");
        assert_eq!(app.audited("second_factor_asked").await.len(), 1);

        let wrong = verify(&browser, "000000").await;
        assert_eq!(wrong.status, 400);
        assert!(wrong.text.contains("href=\"#code\"") && !is_in(&browser).await);
        let done = verify(&browser, &phone.code(app, 0)).await;
        assert_eq!((done.status, done.header("location")), (303, "/dashboard"));
        assert!(is_in(&browser).await);
        let told: Vec<_> = app.audited("sign_in").await.iter().map(|entry| (entry.outcome.clone(), entry.detail()["second_factor"].clone())).collect();
        assert_eq!(told[1..], [("denied".into(), "wrong".into()), ("ok".into(), "code".into())]);
    }

    /// Connecting an AI client goes on after the code, and not before.
    async fn connecting_a_client_waits_for_the_code(app) {
        let (_, phone, _) = with_phone(app, MEMBER).await;
        let client = register(app, &[REDIRECT]).await;
        let wanted = AuthorizationRequest::new(app, &client, "usage:read");
        let browser = app.anonymous();
        let login = browser.get(&wanted.path()).await.header("location").to_owned();
        let fields = [("email", MEMBER.email), ("password", PASSWORD)];
        let next = browser.submit(&login, "/login", &fields).await;
        let next = next.header("location").to_owned();
        assert!(next.starts_with("/login/verify?continue="), "{next}");
        let handle = next.split_once('?').unwrap().1;
        let early = browser.get(&format!("/oauth/authorize?{handle}")).await;
        assert!(early.header("location").starts_with("/login?"), "{}", early.header("location"));
        let done = browser.submit(&next, VERIFY, &[("code", &phone.code(app, 0))]).await;
        assert_eq!(done.header("location"), format!("/oauth/authorize?{handle}"));
        assert_eq!(browser.get(done.header("location")).await.status, 200, "the consent page");
    }

    /// ASVS 6.5.1: a code works once, also if it comes many times at the same moment; the half
    /// minute before and after is forgiven, but no more.
    async fn a_code_works_once(app) {
        let (_, phone, _) = with_phone(app, MEMBER).await;
        let code = phone.code(app, 0);
        let browsers = join_all((0..4).map(|_| pending(app, MEMBER))).await;
        let answers = join_all(browsers.iter().map(|browser| verify(browser, &code))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
        app.clock.advance(901);
        let browser = pending(app, MEMBER).await;
        assert_eq!(verify(&browser, &phone.code(app, 60)).await.status, 400, "a minute early");
        assert_eq!(verify(&browser, &phone.code(app, -60)).await.status, 400, "a minute late");
        assert_eq!(verify(&browser, &phone.code(app, 30)).await.status, 303, "half a minute early");
        let browser = pending(app, MEMBER).await;
        assert_eq!(verify(&browser, &phone.code(app, 0)).await.status, 400, "older than one that was used");
    }

    /// Each recovery code works once, also at the same moment, in any spelling; new ones end the old.
    async fn a_recovery_code_works_once(app) {
        let (own, _, codes) = with_phone(app, MEMBER).await;
        assert_eq!(codes.len(), 10);
        let browsers = join_all((0..4).map(|_| pending(app, MEMBER))).await;
        let typed = codes[0].to_uppercase().replace('-', " ");
        let answers = join_all(browsers.iter().map(|browser| verify(browser, &typed))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1);
        let place = answers.iter().position(|answer| answer.status == 303).unwrap();
        assert!(html::text(&browsers[place].get("/dashboard").await.text).contains("9 are left"));
        assert_eq!(app.count("SELECT count(*) FROM recovery_codes").await, 9);
        let kept = app.count(format!("SELECT count(*) FROM recovery_codes WHERE code_hash LIKE '%{}%'", codes[1])).await;
        assert_eq!(kept, 0, "only hashes are kept");

        app.clock.advance(901);
        let path = "/account/two-factor/codes";
        assert_eq!(own.submit(path, path, &[("password", "not it at all")]).await.status, 403);
        let renewed = own.submit(path, path, &[("password", PASSWORD)]).await;
        let fresh = recovery_codes(&renewed);
        assert_eq!((renewed.status, renewed.header("cache-control"), fresh.len()), (200, "no-store", 10));
        let browser = pending(app, MEMBER).await;
        assert_eq!(verify(&browser, &codes[1]).await.status, 400, "the old ones are gone");
        assert_eq!(verify(&browser, &fresh[1]).await.status, 303);
    }

    /// Five wrong codes, then not even the right one, and the password does not begin anew.
    async fn guessing_codes_is_slowed_down(app) {
        let (_, phone, codes) = with_phone(app, MEMBER).await;
        for guess in ["000000", "111111", "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa", "1", "222222"] {
            assert_eq!(verify(&pending(app, MEMBER).await, guess).await.status, 400, "{guess}");
        }
        let browser = pending(app, MEMBER).await;
        for right in [&phone.code(app, 0), &codes[0]] {
            let refused = verify(&browser, right).await;
            assert_eq!(refused.status, 429);
            assert!(!refused.header("retry-after").is_empty());
        }
        app.clock.advance(901);
        assert_eq!(verify(&pending(app, MEMBER).await, &phone.code(app, 0)).await.status, 303);
    }

    /// Where a password is asked for, a code does it, once.
    async fn a_code_confirms_instead_of_the_password(app) {
        let (admin, phone, codes) = with_phone(app, ADMIN).await;
        let path = format!("/admin/mcp/users/{}/access", app.id_of(MEMBER).await);
        let code = phone.code(app, 0);
        assert!(html::text(&admin.get(&path).await.text).contains("A code of your authenticator app or a recovery code does it, too."));
        assert_eq!(admin.submit(&path, &path, &[("password", &code)]).await.status, 303);
        assert_eq!(admin.submit(&path, &path, &[("password", &code)]).await.status, 403, "once");
        assert_eq!(admin.submit(&path, &path, &[("password", &codes[0])]).await.status, 303, "a recovery code, too");
        assert_eq!(admin.submit(&path, &path, &[("password", &codes[0])]).await.status, 403, "once");
        let with: Vec<_> = app.audited("password_reentered").await.iter().map(|entry| entry.detail()["with"].clone()).collect();
        assert!(with.contains(&"recovery_code".into()), "which it was is written down: {with:?}");
        let other = app.member().await;
        assert!(!other.get("/dashboard/settings/mcp/tokens").await.text.contains("authenticator"), "who has none is not told of one");
    }

    /// Whoever knows the password and guesses codes keeps the person from confirming with a code for a
    /// while, which is written down once, and never with the password.
    async fn codes_used_up_by_others_leave_the_password(app) {
        let (admin, phone, _) = with_phone(app, ADMIN).await;
        for guess in ["000000", "111111", "222222", "333333", "444444"] {
            assert_eq!(verify(&pending(app, ADMIN).await, guess).await.status, 400, "{guess}");
        }
        let path = format!("/admin/mcp/users/{}/access", app.id_of(MEMBER).await);
        let before = app.audited("password_reentered").await.len();
        for _ in 0..7 {
            let refused = admin.submit(&path, &path, &[("password", &phone.code(app, 0))]).await;
            assert_eq!(refused.status, 429, "{}", html::text(&refused.text));
        }
        let told = app.audited("password_reentered").await;
        assert_eq!(told.len() - before, 1);
        assert!(told.iter().any(|entry| entry.detail().to_string().contains("too many attempts")), "{told:?}");
        assert_eq!(admin.submit(&path, &path, &[("password", PASSWORD)]).await.status, 303);
    }

    /// Guesses that come at the same moment are as few as those one after the other.
    async fn guesses_at_the_same_moment_are_five(app) {
        let (admin, _, _) = with_phone(app, ADMIN).await;
        let path = format!("/admin/mcp/users/{}/access", app.id_of(MEMBER).await);
        let page = admin.get(&path).await;
        let guesses: Vec<String> = (0..12).map(|guess| format!("{guess:06}")).collect();
        let answers = join_all(guesses.iter().map(async |guess| admin.send(&page, &path, &[("password", guess)]).await.status)).await;
        assert_eq!(answers.iter().filter(|status| **status == 403).count(), 5, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 429).count(), 7, "{answers:?}");
    }

    /// Until the code has come, everything that ends sessions ends the waiting, too.
    async fn a_waiting_sign_in_ends_with_the_sessions_and_after_ten_minutes(app) {
        let (_, phone, _) = with_phone(app, MEMBER).await;
        let late = pending(app, MEMBER).await;
        app.clock.advance(600);
        let answer = late.get(VERIFY).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/login"));

        let waiting = pending(app, MEMBER).await;
        let page = waiting.get(VERIFY).await;
        let operator = portcullis::domain::audit::Actor::operator();
        portcullis::service::people::set_password(&app.ctx, &operator, MEMBER.email, "another good password").await.unwrap();
        let answer = waiting.send(&page, VERIFY, &[("code", &phone.code(app, 0))]).await;
        assert_eq!(answer.header("location"), "/login", "a new password ends it");
        assert!(!is_in(&waiting).await);
    }

    /// Turned off by the person themselves, or by an administrator for who has lost everything.
    async fn it_is_turned_off_with_the_password_only(app) {
        let (member, _, codes) = with_phone(app, MEMBER).await;
        assert!(app.last_mail_to(MEMBER.email).await.contains("turned on"));
        let path = "/account/two-factor/off";
        for wrong in ["", "not it at all"] {
            assert_eq!(member.submit(path, path, &[("password", wrong)]).await.status, 403);
        }
        assert_eq!(member.submit(path, path, &[("password", PASSWORD)]).await.header("location"), "/account");
        assert!(app.last_mail_to(MEMBER.email).await.contains("by you"));
        app.anonymous().sign_in(MEMBER.email, PASSWORD).await;

        turn_on(app, &member).await;
        let admin = app.admin().await;
        let reset = format!("/admin/users/{}/two-factor", app.id_of(MEMBER).await);
        assert_eq!(admin.submit(&reset, &reset, &[("password", "not it at all")]).await.status, 403);
        assert_eq!(app.anonymous().submit("/login", "/login", &[("email", MEMBER.email), ("password", PASSWORD)]).await.header("location"), VERIFY);
        assert_eq!(admin.submit(&reset, &reset, &[("password", PASSWORD)]).await.status, 303);
        assert!(app.last_mail_to(MEMBER.email).await.contains("by an administrator"));
        let entry = app.audited("two_factor_reset").await.pop().unwrap();
        assert_eq!((entry.actor.as_str(), entry.target.as_deref()), (ADMIN.email, Some(MEMBER.email)));
        app.anonymous().sign_in(MEMBER.email, PASSWORD).await;
        for table in ["two_factor_secrets", "recovery_codes"] {
            assert_eq!(app.count(format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
        }
        assert_eq!(codes.len(), 10);
    }
}

on_sqlite! {
    /// Setting up needs the password, a right code, its own person, and a quarter of an hour at most.
    async fn nothing_is_on_before_a_code_has_come_back(app) {
        let (member, other) = (app.member().await, app.signed_in(OTHER).await);
        let path = "/account/two-factor";
        assert_eq!(member.submit(path, path, &[("password", "not it at all")]).await.status, 403);
        let shown = member.submit(path, path, &[("password", PASSWORD)]).await;
        let phone = Phone::scan(&shown);
        assert!(shown.text.contains("<svg class=\"qr\"") && shown.header("cache-control") == "no-store");
        let sealed = shown.hidden("/account/two-factor/on").into_iter().find(|(name, _)| name == "sealed").unwrap().1;
        let on = "/account/two-factor/on";
        let wrong = member.send(&shown, on, &[("code", "000000")]).await;
        assert_eq!(wrong.status, 400);
        assert_eq!(Phone::scan(&wrong).code(app, 0), phone.code(app, 0), "the same key again");
        let token = other.form_token().await;
        let stolen = other.post(on, &[("csrf", token.as_str()), ("sealed", &sealed), ("code", &phone.code(app, 0))]).await;
        assert_eq!(stolen.status, 403, "somebody else's");
        app.clock.advance(900);
        assert_eq!(member.send(&shown, on, &[("code", &phone.code(app, 0))]).await.status, 403, "too late");
        assert_eq!(app.count("SELECT count(*) FROM users WHERE two_factor_at IS NOT NULL").await, 0);
        app.anonymous().sign_in(MEMBER.email, PASSWORD).await;
    }

    /// The secret is kept encrypted, for its person alone.
    async fn the_secret_is_kept_encrypted(app) {
        let (_, phone, _) = with_phone(app, MEMBER).await;
        let (_, _, _) = with_phone(app, OTHER).await;
        let ids = (app.id_of(MEMBER).await, app.id_of(OTHER).await);
        app.sql(format!("UPDATE two_factor_secrets SET sealed = (SELECT sealed FROM two_factor_secrets WHERE user_id = {}) WHERE user_id = {}", ids.0, ids.1)).await;
        let refused = verify(&pending(app, OTHER).await, &phone.code(app, 0)).await;
        assert_eq!(refused.status, 500, "another person's does not open");
    }

    /// A signed-in administrator gets no way around their own second factor.
    async fn nobody_resets_their_own(app) {
        let (admin, _, _) = with_phone(app, ADMIN).await;
        let reset = format!("/admin/users/{}/two-factor", app.id_of(ADMIN).await);
        let refused = admin.submit(&reset, &reset, &[("password", PASSWORD)]).await;
        assert_eq!(refused.status, 409);
        assert!(html::text(&refused.text).contains("Account Setting"));
    }
}
