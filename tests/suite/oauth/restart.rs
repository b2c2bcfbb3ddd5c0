//! A server that is killed between two steps of a flow: what was promised is kept, and what works
//! once still works once (checklist F23).

use serde_json::json;

use crate::support::ai_client::{
    Answer, CHALLENGE, REDIRECT, VERIFIER, http, redirected, register_at,
};
use crate::support::database::{Backend, Database};
use crate::support::process::Server;
use crate::support::{Browser, MEMBER, PASSWORD, rpc};

/// The issuer stays while the port moves, as behind a proxy.
const ISSUER: &str = "http://localhost:4999";

async fn redeem(server: &Server, client_id: &str, code: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    post(server, &form).await
}

async fn post(server: &Server, form: &[(&str, &str)]) -> Answer {
    let url = format!("{}/oauth/token", server.base);
    Answer::of(http().post(url).form(form).send().await.unwrap()).await
}

async fn ping(server: &Server, token: &str) -> u16 {
    let request = http().post(format!("{}/mcp", server.base)).bearer_auth(token);
    request.json(&rpc::legacy("ping", json!({}))).send().await.unwrap().status().as_u16()
}

async fn killed(server: Server, folder: &std::path::Path) -> Server {
    server.signal("-KILL");
    server.end().await;
    Server::start(folder).await
}

/// Rows: F3, F23
#[actix_web::test]
async fn kill_9_between_the_steps_of_a_flow_changes_nothing() {
    let database = Database::filled(Backend::Sqlite).await;
    let folder = database.folder();
    std::fs::write(folder.join("portcullis.toml"), format!("public_url = \"{ISSUER}\"\n")).unwrap();
    let server = Server::start(&folder).await;
    let client = register_at(&server.base).await;

    let server = killed(server, &folder).await;
    let browser = Browser::new(&server.base);
    browser.sign_in(MEMBER.email, PASSWORD).await;
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri={REDIRECT}&scope=usage:read\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&resource={ISSUER}/mcp"
    );
    let page = browser.get(&format!("/oauth/authorize?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let fields = [("decision", "authorize"), ("scope", "usage:read")];
    let answer = browser.send(&page, "/oauth/authorize", &fields).await;
    let sent_back = redirected(answer.header("location"));
    assert_eq!(sent_back["iss"], ISSUER);

    let server = killed(server, &folder).await;
    let first = redeem(&server, &client, &sent_back["code"]).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let text = |answer: &Answer, name: &str| answer.json[name].as_str().unwrap().to_owned();
    assert_eq!(ping(&server, &text(&first, "access_token")).await, 200);

    let server = killed(server, &folder).await;
    assert_eq!(ping(&server, &text(&first, "access_token")).await, 200, "the key survives");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", &text(&first, "refresh_token")),
    ];
    let second = post(&server, &refresh).await;
    assert_eq!(second.status, 200, "{}", second.text);

    let server = killed(server, &folder).await;
    let again = redeem(&server, &client, &sent_back["code"]).await;
    assert_eq!((again.status, again.oauth_error()), (400, "invalid_grant"), "once stays once");
    for answer in [&first, &second] {
        assert_eq!(ping(&server, &text(answer, "access_token")).await, 401, "and ends the family");
    }
}
