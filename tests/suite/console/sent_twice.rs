//! Forms whose answer shows a secret once: sent again (a reload, a second press of the button), they
//! make no other secret and leave the one just shown alive.

use futures_util::future::{join, join_all};

use super::clients::{PATH, by_hand, redeem, refreshed, replaced, row_of, shown};
use super::invitations::{guest, invite, link};
use super::two_factor::{pending, verify, with_phone};
use crate::support::ai_client::REDIRECT;
use crate::support::browser::Page;
use crate::support::phone::recovery_codes;
use crate::support::{MEMBER, PASSWORD, TestApp, both_databases, html};

const METHOD: &str = "client_secret_basic";

/// Whether a client may still refresh with that secret; the refresh token that it has then.
async fn goes_on(app: &TestApp, id: &str, secret: &str, refresh: &mut String) -> bool {
    let answer = refreshed(app, METHOD, id, secret, refresh).await;
    if let Some(next) = answer.json["refresh_token"].as_str() {
        next.clone_into(refresh);
    }
    answer.status == 200
}

fn sorted(pages: &[Page]) -> Vec<u16> {
    let mut statuses: Vec<_> = pages.iter().map(|page| page.status).collect();
    statuses.sort_unstable();
    statuses
}

/// The path of the link to set a password that a page shows.
fn reset_link(app: &TestApp, page: &Page) -> String {
    let text = html::text(&page.text);
    let url = text.split_whitespace().find(|word| word.contains("/reset-password?link=")).unwrap();
    url.strip_prefix(&app.base).unwrap().to_owned()
}

fn says_so(page: &Page) {
    let text = html::text(&page.text);
    assert!(
        page.status == 409 && text.contains("This form was sent before"),
        "{}: {text}",
        page.status
    );
}

both_databases! {
    /// The program goes on with the secret it has, as long as the first answer said.
    async fn one_form_replaces_a_secret_once_also_at_the_same_moment(app) {
        let (id, old) = by_hand(app, METHOD).await;
        let (_, mut refresh) = redeem(app, METHOD, &id, &old).await;
        let browser = app.admin().await;
        let path = format!("{PATH}/{}/secret", row_of(app, &id).await);
        let form = browser.get(&path).await;
        let send = || browser.send(&form, &path, &[("overlap", "hour"), ("password", PASSWORD)]);
        let answers = join_all((0..4).map(|_| send())).await;
        assert_eq!(sorted(&answers), [200, 409, 409, 409]);
        let new = answers.iter().find(|page| page.status == 200).map(|page| shown(&page.text, "client-secret")).unwrap();
        says_so(&send().await);
        assert!(goes_on(app, &id, &old, &mut refresh).await, "for another hour");
        assert!(goes_on(app, &id, &new, &mut refresh).await);
        let entries = app.audited("client_secret_rotated").await;
        assert_eq!(entries.iter().filter(|entry| entry.outcome == "ok").count(), 1);
        assert_eq!(entries.iter().filter(|entry| entry.outcome == "denied").count(), 4);
    }

    /// At most two secrets work at a time: a page that was opened before the last replacement ends
    /// none, and one that is opened afterwards says which ends.
    async fn no_secret_ends_that_the_page_did_not_speak_of(app) {
        let (id, first) = by_hand(app, METHOD).await;
        let (_, mut refresh) = redeem(app, METHOD, &id, &first).await;
        let row = row_of(app, &id).await;
        let (browser, path) = (app.admin().await, format!("{PATH}/{row}/secret"));
        let early = browser.get(&path).await;
        let words = "It stops working at once";
        assert!(!html::text(&early.text).contains(words));
        let second = replaced(app, row, "hour").await;
        let fields = [("overlap", "now"), ("password", PASSWORD)];
        let asked = browser.send(&early, &path, &fields).await;
        let text = html::text(&asked.text);
        assert!(asked.status == 409 && text.contains("replaced since you opened") && text.contains(words), "{text}");
        for secret in [&first, &second] {
            assert!(goes_on(app, &id, secret, &mut refresh).await);
        }
        let done = browser.send(&asked, &path, &fields).await;
        assert_eq!(done.status, 200);
        for secret in [&first, &second] {
            assert!(!goes_on(app, &id, secret, &mut refresh).await);
        }
        assert!(goes_on(app, &id, &shown(&done.text, "client-secret"), &mut refresh).await);
    }

    async fn one_form_registers_one_client_also_at_the_same_moment(app) {
        let browser = app.admin().await;
        let path = format!("{PATH}/new");
        let form = browser.get(&path).await;
        let fields = [("name", "Partner"), ("redirect_uris", REDIRECT), ("auth_method", METHOD), ("password", PASSWORD)];
        let answers = join_all((0..4).map(|_| browser.send(&form, &path, &fields))).await;
        assert_eq!(sorted(&answers), [200, 409, 409, 409]);
        says_so(&browser.send(&form, &path, &fields).await);
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 1);
        assert_eq!(browser.submit(&path, &path, &fields).await.status, 200, "another form makes another");
        assert_eq!(app.count("SELECT count(*) FROM clients").await, 2);
    }

    /// A form that was refused is not used up.
    async fn a_form_with_a_mistake_can_be_sent_again(app) {
        let browser = app.admin().await;
        let path = format!("{PATH}/new");
        let form = browser.get(&path).await;
        for (password, status) in [("not it at all", 403), (PASSWORD, 200)] {
            let fields = [("name", "Partner"), ("redirect_uris", REDIRECT), ("auth_method", METHOD), ("password", password)];
            assert_eq!(browser.send(&form, &path, &fields).await.status, status);
        }
    }

    async fn one_form_makes_recovery_codes_once_and_they_stay_alive(app) {
        let (browser, _, _) = with_phone(app, MEMBER).await;
        let path = "/account/two-factor/codes";
        let form = browser.get(path).await;
        let send = || browser.send(&form, path, &[("password", PASSWORD)]);
        let (one, two) = join(send(), send()).await;
        let answers = [one, two];
        assert_eq!(sorted(&answers), [200, 409]);
        let made = answers.iter().find(|page| page.status == 200).unwrap();
        says_so(&send().await);
        assert_eq!(app.count("SELECT count(*) FROM recovery_codes").await, 10);
        let other = pending(app, MEMBER).await;
        assert_eq!(verify(&other, &recovery_codes(made)[0]).await.status, 303);
    }

    async fn one_form_sends_one_password_reset_and_its_link_stays_alive(app) {
        let admin = app.admin().await;
        let path = format!("/admin/users/{}/password-reset", app.id_of(MEMBER).await);
        let form = admin.get(&path).await;
        let send = || admin.send(&form, &path, &[("password", PASSWORD)]);
        let (one, two) = join(send(), send()).await;
        let answers = [one, two];
        assert_eq!(sorted(&answers), [200, 409]);
        let handed_over = reset_link(app, answers.iter().find(|page| page.status == 200).unwrap());
        says_so(&send().await);
        assert_eq!(app.anonymous().get(&handed_over).await.status, 200);
        let again = reset_link(app, &admin.submit(&path, &path, &[("password", PASSWORD)]).await);
        assert_eq!(app.anonymous().get(&handed_over).await.status, 404, "another form makes another");
        assert_eq!(app.anonymous().get(&again).await.status, 200);
    }

    async fn one_form_invites_again_once_and_its_link_stays_alive(app) {
        let admin = app.admin().await;
        invite(app, &admin).await;
        let page = format!("/admin/users/{}", guest(app).await);
        let (form, path) = (admin.get(&page).await, format!("{page}/invitation"));
        let (one, two) = join(admin.send(&form, &path, &[]), admin.send(&form, &path, &[])).await;
        let answers = [one, two];
        assert_eq!(sorted(&answers), [200, 409]);
        let handed_over = link(app, answers.iter().find(|page| page.status == 200).unwrap());
        says_so(&admin.send(&form, &path, &[]).await);
        assert_eq!(app.anonymous().get(&handed_over).await.status, 200);
    }
}
