//! The connection check: what stands between a client and this server, in words.

use crate::support::proxy::{Behind, Manners};
use crate::support::{Browser, MEMBER, OTHER, PASSWORD, TestApp, html, on_sqlite};

const PAGE: &str = "/dashboard/settings/mcp/check";

/// What a check says to the member.
async fn checked(browser: &Browser) -> String {
    let page = browser.submit(PAGE, PAGE, &[]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for link in page.text.split("href=\"/docs/").skip(1).map(|rest| rest.split('"').next().unwrap())
    {
        assert_eq!(browser.get(&format!("/docs/{link}")).await.status, 200, "{link}");
    }
    html::text(&page.text)
}

async fn through(manners: Manners, told: &[&str]) {
    let behind = Behind::start(manners).await;
    let text = checked(&behind.app.member().await).await;
    for words in told {
        assert!(text.contains(words), "{manners:?}: {words}: {text}");
    }
    behind.stop().await;
}

on_sqlite! {
    /// Looking asks nothing of anybody; only the button does.
    async fn a_healthy_server_is_told_to_be_one(app) {
        let browser = app.member().await;
        let before = html::text(&browser.get(PAGE).await.text);
        assert!(before.contains("What is checked") && !before.contains("What was found"), "{before}");
        let text = checked(&browser).await;
        // The address of a test is loopback, which web clients cannot reach; the rest is fine.
        assert!(text.contains("Nothing failed; 1 of 7 to look at"), "{text}");
        assert!(text.contains("is reached from this computer only"), "{text}");
        for words in ["It is refused, and the client is told where to sign in", "a wrong token is recognised as one", "They can be read (1)", "answers an empty one with an error in JSON"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(app.audited("sign_in").await.iter().all(|entry| entry.actor == MEMBER.email));
    }

    async fn a_closed_endpoint_is_no_fault_of_the_network(app) {
        let browser = app.member().await;
        app.set("mcp_enabled", "no").await;
        let text = checked(&browser).await;
        assert!(text.contains("An administrator has switched the endpoint off"), "{text}");
        app.set("mcp_enabled", "yes").await;
        app.set("allowed_ips", "203.0.113.0/24").await;
        let text = checked(&browser).await;
        assert!(text.contains("the server's own is not one of them"), "{text}");
    }

    /// Ten in ten minutes for each person; others are not held up.
    async fn a_person_checks_only_so_often(app) {
        let browser = app.member().await;
        let token = browser.form_token().await;
        for _ in 0..10 {
            assert_eq!(browser.post(PAGE, &[("csrf", token.as_str())]).await.status, 200);
        }
        let refused = browser.post(PAGE, &[("csrf", token.as_str())]).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, "600"), "{}", refused.text);
        let other = app.signed_in(OTHER).await;
        assert_eq!(other.submit(PAGE, PAGE, &[]).await.status, 200);
        app.clock.advance(601);
        assert_eq!(browser.submit(PAGE, PAGE, &[]).await.status, 200);
    }

    async fn a_stranger_is_sent_to_sign_in(app) {
        assert_eq!(app.anonymous().get(PAGE).await.status, 303);
        assert_eq!(app.anonymous().post(PAGE, &[("csrf", "x")]).await.status, 401);
    }
}

#[actix_web::test]
async fn each_fault_of_a_proxy_is_told_with_its_mend() {
    through(
        Manners::KeepsWellKnown,
        &[
            "2 of 7 checks failed",
            "/.well-known/oauth-protected-resource/mcp answers 404, and not from this server",
            "To mend: let the proxy pass this path on",
        ],
    )
    .await;
    through(
        Manners::DropsAuthorization,
        &["1 of 7 checks failed", "It does not arrive: something takes it away"],
    )
    .await;
    through(
        Manners::ChallengesPosts,
        &[
            "3 of 7 checks failed",
            "answers 403, and not from this server: something blocks it",
            "exempt /mcp, /oauth and /.well-known from bot protection",
        ],
    )
    .await;
    through(
        Manners::Redirects,
        &[
            "6 of 7 checks failed",
            "redirects to https://www.example.com/mcp",
            "set PUBLIC_URL to the final address",
        ],
    )
    .await;
    through(Manners::AsksForPassword, &["6 of 7 checks failed", "asks for a password of its own"])
        .await;
    through(
        Manners::ForgetsHost,
        &[
            "2 of 7 checks failed",
            "The name that the request came by is not one of this server's",
            "let the proxy keep the Host header",
        ],
    )
    .await;
    through(Manners::Good, &["Nothing failed"]).await;
}

/// A server that is not there by its own name is told as such, without what the network said.
#[actix_web::test]
async fn an_address_that_leads_nowhere_is_told() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let public = format!("http://{free}");
    let app =
        TestApp::on(crate::support::database::Backend::Sqlite, &[("PUBLIC_URL", &public)]).await;
    let browser = app.anonymous();
    browser.sign_in(MEMBER.email, PASSWORD).await;
    let text = checked(&browser).await;
    assert!(
        text.contains("6 of 7 checks failed") && text.contains("cannot be reached (connection)"),
        "{text}"
    );
    assert!(!text.contains("os error"), "{text}");
    app.stop().await;
}
