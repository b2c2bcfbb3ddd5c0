//! The route table, walked: every route answers correctly to nobody, to the wrong role, without its
//! form token and to the wrong method; every answer has its id and its headers, and none is a 5xx.

use portcullis::app::{Access, ROUTES, Route};
use portcullis::domain::access::parse_permissions;
use portcullis::service::people;

use crate::support::browser::Page;
use crate::support::{ADMIN, AUDITOR, Browser, MEMBER, Person, TestApp, on_sqlite};

/// The path with something in place of its variables.
fn path(route: &Route) -> String {
    let mut path = String::new();
    let mut rest = route.path;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push('1');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    path + rest
}

async fn ask(browser: &Browser, route: &Route) -> Page {
    ask_with(browser, route, "").await
}

async fn ask_with(browser: &Browser, route: &Route, form_token: &str) -> Page {
    let mut request = browser.request(route.method, &path(route));
    if route.method == "POST" {
        request = request.form(&[("csrf", form_token)]);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let page = Page { status, headers, text: response.text().await.unwrap() };
    check(&page, &format!("{} {}", route.method, route.path));
    page
}

/// Whether programs call it: with credentials of their own, no cookie and no form token.
fn is_for_programs(route: &Route) -> bool {
    route.path.starts_with("/oauth/") && route.path != "/oauth/authorize"
        || route.access == Access::Key
}

/// What holds for every answer.
fn check(page: &Page, what: &str) {
    assert!(page.status < 500, "{what}: {}", page.text);
    assert!(page.header("x-request-id").len() >= 16, "{what}: X-Request-Id");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("x-frame-options"), "DENY", "{what}");
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
    assert!(!page.header("content-security-policy").contains("unsafe"), "{what}");
    assert!(!page.header("referrer-policy").is_empty(), "{what}");
    assert!(!page.header("cross-origin-opener-policy").is_empty(), "{what}");
    assert!(!page.header("cache-control").is_empty(), "{what}");
    // A page that shows its form again with what is wrong says so at the field instead.
    let is_form = page.text.contains("data-error-summary");
    if page.status >= 400 && !page.text.is_empty() && !is_form {
        assert!(
            page.text.contains(page.header("x-request-id")),
            "{what}: the error names its request: {}",
            page.text
        );
    }
    assert!(page.headers.get("server").is_none(), "{what}");
}

/// Whether the person's role opens the route.
async fn may(app: &TestApp, person: Person, route: &Route) -> bool {
    let row = people::by_address(&app.ctx, person.email).await.unwrap();
    match route.access {
        Access::Anyone | Access::SignedIn | Access::Key | Access::Nearby => true,
        Access::With(permission) => parse_permissions(&row.permissions).contains(&permission),
    }
}

on_sqlite! {
    async fn nobody_is_sent_to_sign_in_or_refused(app) {
        for route in ROUTES {
            let answer = ask(&app.anonymous(), route).await;
            if route.access == Access::Key {
                assert_eq!(answer.status, 401, "{} {}", route.method, route.path);
                assert!(answer.text.contains("missing_api_key"), "{}", answer.text);
            } else if is_for_programs(route) {
                assert!(!answer.header("content-type").contains("html"), "{}", route.path);
            } else if matches!(route.access, Access::Anyone | Access::Nearby) {
                assert_ne!(answer.status, 401, "{} {}: open to everybody", route.method, route.path);
            } else if route.method == "GET" {
                assert_eq!(answer.status, 303, "{} {}", route.method, route.path);
                assert!(answer.header("location").starts_with("/login"), "{}", route.path);
            } else {
                assert_eq!(answer.status, 401, "{} {}", route.method, route.path);
            }
        }
    }

    async fn the_wrong_role_is_refused(app) {
        for person in [ADMIN, AUDITOR, MEMBER] {
            let browser = app.signed_in(person).await;
            // With the token of a form, so that the role alone decides.
            let token = browser.form_token().await;
            for route in ROUTES.iter().filter(|route| matches!(route.access, Access::With(_))) {
                let answer = ask_with(&browser, route, &token).await;
                let what = format!("{} {} as {}", route.method, route.path, person.role);
                if may(app, person, route).await {
                    assert!(!answer.text.contains("permission_denied"), "{what}");
                    assert_ne!(answer.status, 401, "{what}");
                } else {
                    assert_eq!(answer.status, 403, "{what}");
                    assert!(answer.text.contains("permission_denied"), "{what}");
                    assert!(answer.text.contains(&format!("mailto:{}", ADMIN.email)), "whom to ask: {what}");
                }
            }
        }
    }

    /// ASVS 3.5.1: every form that changes something needs its token, also from an administrator.
    async fn a_form_without_its_token_is_refused(app) {
        let browser = app.admin().await;
        for route in ROUTES.iter().filter(|route| route.method == "POST") {
            if is_for_programs(route) {
                continue;
            }
            let answer = ask(&browser, route).await;
            assert_eq!(answer.status, 403, "{}: {}", route.path, answer.text);
            assert!(answer.text.contains("form_expired"), "{}", route.path);
        }
    }

    /// ASVS 3.5.3: nothing but POST changes anything.
    async fn another_method_is_405_and_says_which_is_right(app) {
        let browser = app.admin().await;
        for route in ROUTES {
            let taken: Vec<_> = ROUTES.iter().filter(|other| other.path == route.path).map(|other| other.method).collect();
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
                if taken.contains(&method) {
                    continue;
                }
                let answer = browser.request(method, &path(route)).send().await.unwrap();
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let page = Page { status, headers, text: answer.text().await.unwrap() };
                check(&page, &format!("{method} {}", route.path));
                assert_eq!(page.status, 405, "{method} {}", route.path);
                for method in &taken {
                    assert!(page.header("allow").contains(method), "{}", route.path);
                }
            }
        }
    }

    async fn whoever_answers_get_answers_head(app) {
        let browser = app.admin().await;
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            let full = ask(&browser, route).await;
            let head = browser.request("HEAD", &path(route)).send().await.unwrap();
            assert_eq!(head.status().as_u16(), full.status, "{}", route.path);
            assert_eq!(head.text().await.unwrap(), "", "{}", route.path);
        }
    }

    /// Queries and forms that no page of ours makes: refused with a page, never with a crash.
    async fn nonsense_is_refused_with_a_page_that_names_the_request(app) {
        let browser = app.admin().await;
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            for query in ["next=a&next=b", "link=a&link=b", "continue=%ff&continue=%00", "page=-1&page=x&sort=%27", "%", "a=%zz", "x[]=1"] {
                let answer = browser.get(&format!("{}?{query}", path(route))).await;
                check(&answer, &format!("{}?{query}", route.path));
            }
        }
        for route in ROUTES.iter().filter(|route| route.method == "POST") {
            for body in ["csrf=a&csrf=b", "%", "handle=%ff", "{\"a\":1}", ""] {
                let answer = browser.request("POST", &path(route))
                    .header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let page = Page { status, headers, text: answer.text().await.unwrap() };
                check(&page, &format!("POST {} {body}", route.path));
                assert!(page.status >= 400, "{}", route.path);
            }
        }
    }

    async fn what_is_not_there_is_a_page_too(app) {
        for path in ["/api", "/api/v1", "/api/v1/nothing", "/api/v2/usage", "/api/v1/usage/", "/api/v1/stores/a/b"] {
            let answer = app.anonymous().get(path).await;
            check(&answer, path);
            assert_eq!((answer.status, answer.header("content-type")), (404, "application/json"), "{path}");
        }
        for path in ["/nothing", "/admin/nothing", "/static/x/nothing", "/..%2f..%2fetc/passwd", "/static/x/..%2fCargo.toml", "/login/", "//login"] {
            let page = app.anonymous().get(path).await;
            check(&page, path);
            assert_eq!(page.status, 404, "{path}");
        }
    }

    async fn static_files_are_kept_for_ever_under_the_name_of_their_content(app) {
        let page = app.anonymous().get("/login").await;
        for part in page.text.split("\"/static/").skip(1) {
            let path = format!("/static/{}", part.split(['"', '#']).next().unwrap());
            let file = app.anonymous().get(&path).await;
            assert_eq!(file.status, 200, "{path}");
            assert!(file.header("cache-control").contains("immutable"), "{path}");
            assert_ne!(file.header("content-type"), "application/octet-stream", "{path}");
        }
    }

    async fn health_is_told_without_a_session(app) {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(app.anonymous().get(path).await.status, 200, "{path}");
        }
        app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')").await;
        assert_eq!(app.anonymous().get("/readyz").await.status, 200, "upgraded by another replica");
        app.sql("DELETE FROM __diesel_schema_migrations").await;
        let page = app.anonymous().get("/readyz").await;
        assert_eq!(page.status, 503, "not this version's schema");
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
    }
}
