//! The first administrator (contract §3: nothing has a default password).

use portcullis::service::bootstrap;

use crate::support::{PASSWORD, TestApp, html, on_sqlite};

const FIELDS: [(&str, &str); 4] = [
    ("account", "First Ltd"),
    ("name", "Fay First"),
    ("email", "Fay@First.example"),
    ("password", PASSWORD),
];

/// The path of a fresh link.
async fn link(app: &TestApp) -> String {
    let url = bootstrap::setup_link(&app.ctx).await.unwrap().unwrap();
    url.strip_prefix(&app.base).unwrap().to_owned()
}

#[actix_web::test]
async fn the_link_makes_one_administrator_and_no_second() {
    let app = TestApp::empty().await;
    let link = link(&app).await;
    let browser = app.anonymous();
    let done = browser.submit(&link, "/setup", &FIELDS).await;
    assert_eq!((done.status, done.header("location")), (303, "/dashboard"), "{}", done.text);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    let again = app.anonymous().get(&link).await;
    assert_eq!(again.status, 404);
    assert!(bootstrap::setup_link(&app.ctx).await.unwrap().is_none(), "closed for good");
    app.anonymous().sign_in("fay@first.example", PASSWORD).await;
    app.stop().await;
}

#[actix_web::test]
async fn of_two_that_use_the_link_at_once_one_wins() {
    let app = TestApp::empty().await;
    let link = link(&app).await;
    let (one, two) = (app.anonymous(), app.anonymous());
    let (first, second) = futures_util::future::join(one.get(&link), two.get(&link)).await;
    let other = [
        ("account", "Second"),
        ("name", "Sam"),
        ("email", "sam@second.example"),
        ("password", PASSWORD),
    ];
    let (a, b) = futures_util::future::join(
        one.send(&first, "/setup", &FIELDS),
        two.send(&second, "/setup", &other),
    )
    .await;
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    app.stop().await;
}

#[actix_web::test]
async fn a_newer_link_and_a_day_end_the_older_one() {
    let app = TestApp::empty().await;
    let (older, newer) = (link(&app).await, link(&app).await);
    assert_eq!(app.anonymous().get(&older).await.status, 404);
    assert_eq!(app.anonymous().get(&newer).await.status, 200);
    app.clock.advance(24 * 3600);
    assert_eq!(app.anonymous().get(&newer).await.status, 404);
    for wrong in ["/setup", "/setup?link=", "/setup?link=nonsense"] {
        assert_eq!(app.anonymous().get(wrong).await.status, 404, "{wrong}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn wrong_fields_show_the_form_again_and_use_nothing_up() {
    let app = TestApp::empty().await;
    let link = link(&app).await;
    for (name, value) in [
        ("account", " "),
        ("name", ""),
        ("email", "no address"),
        ("password", "short"),
        ("password", "password123"),
    ] {
        let fields: Vec<_> =
            FIELDS.iter().map(|pair| if pair.0 == name { (name, value) } else { *pair }).collect();
        let page = app.anonymous().submit(&link, "/setup", &fields).await;
        assert_eq!(page.status, 400, "{name}={value}");
        assert!(page.text.contains(&format!("href=\"#{name}\"")), "the error leads to its field");
        assert!(
            !page.text.contains(PASSWORD) && !html::text(&page.text).contains("short password")
        );
    }
    assert_eq!(app.anonymous().submit(&link, "/setup", &FIELDS).await.status, 303);
    app.stop().await;
}

on_sqlite! {
    async fn where_there_are_people_there_is_no_setup(app) {
        assert!(bootstrap::setup_link(&app.ctx).await.unwrap().is_none());
        assert_eq!(app.anonymous().get("/setup?link=x").await.status, 404);
        let browser = app.anonymous();
        let token = browser.get("/login").await.hidden("/login").remove(0).1;
        let mut fields = vec![("csrf", token.as_str()), ("link", "x")];
        fields.extend(FIELDS);
        assert_eq!(browser.post("/setup", &fields).await.status, 404);
    }
}
