//! What the server writes to its log, also when an operator turns it up to find a fault: no secret.

use serde_json::json;

use crate::support::ai_client::{
    Answer, CHALLENGE, REDIRECT, VERIFIER, http, redirected, register_at,
};
use crate::support::database::{Backend, Database, SECRET};
use crate::support::process::{Server, log_of};
use crate::support::{Browser, MEMBER, PASSWORD, rpc};

/// Rows: C8, F19
#[actix_web::test]
async fn no_secret_reaches_the_log_however_much_it_tells() {
    let database = Database::filled(Backend::Sqlite).await;
    let folder = database.folder();
    let server = Server::logged(&folder).await;
    let base = server.base.as_str();

    let client = register_at(base).await;
    let browser = Browser::new(base);
    let fields = [("email", MEMBER.email), ("password", "a-wrong-password-typed")];
    browser.submit("/login", "/login", &fields).await;
    browser.sign_in(MEMBER.email, PASSWORD).await;
    let query = format!(
        "response_type=code&client_id={client}&redirect_uri={REDIRECT}&scope=usage:read+openid\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&state=the-state-of-the-client"
    );
    let page = browser.get(&format!("/oauth/authorize?{query}")).await;
    let fields = [("decision", "authorize"), ("scope", "usage:read"), ("scope", "openid")];
    let answer = browser.send(&page, "/oauth/authorize", &fields).await;
    let code = redirected(answer.header("location"))["code"].clone();
    let post = |form: Vec<(&'static str, String)>| {
        let request = http().post(format!("{base}/oauth/token")).form(&form);
        async move { Answer::of(request.send().await.unwrap()).await }
    };
    let exchange = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", client.clone()),
        ("code", code.clone()),
        ("code_verifier", VERIFIER.to_owned()),
    ];
    let first = post(exchange.clone()).await.json;
    let text = |name: &str| first[name].as_str().unwrap().to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let url = format!("{base}/mcp?access_token={access}");
    for request in [http().post(&url), http().post(&url).bearer_auth(&access)] {
        request.json(&rpc::legacy("ping", json!({}))).send().await.unwrap();
    }
    let with = |token: &str| {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", client.clone()),
            ("refresh_token", token.to_owned()),
        ]
    };
    let second = post(with(&refresh)).await.json;
    post(with("pc_rt_somebody-guessed-this")).await;
    post(exchange).await;
    let form = [("client_id", client.as_str()), ("token", &refresh)];
    http().post(format!("{base}/oauth/revoke?token={refresh}")).form(&form).send().await.unwrap();

    let log = std::fs::read_to_string(log_of(&folder)).unwrap();
    for path in ["/oauth/token", "/oauth/revoke", "/mcp", "/login"] {
        assert!(log.contains(path), "the log itself works: {log}");
    }
    for secret in [
        code,
        access,
        refresh,
        text("id_token"),
        second["access_token"].as_str().unwrap().to_owned(),
        second["refresh_token"].as_str().unwrap().to_owned(),
        VERIFIER.to_owned(),
        PASSWORD.to_owned(),
        SECRET.to_owned(),
        "a-wrong-password-typed".to_owned(),
        "somebody-guessed-this".to_owned(),
        "the-state-of-the-client".to_owned(),
    ] {
        // The signature is the part of a JWT that makes it worth something.
        let part = secret.rsplit('.').next().unwrap();
        let line = log.lines().find(|line| line.contains(part));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
}
