//! A process that is killed has lost nothing that it answered; one that is told to stop finishes
//! what runs (SECURITY-CHECKLIST §1, 5; checklist F23).

use std::io::{Read, Write};
use std::net::TcpStream;

use diesel::{Connection, RunQueryDsl, SqliteConnection};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::ai_client::{CHALLENGE, REDIRECT, VERIFIER, http, redirected, register_at};
use crate::support::database::Database;
use crate::support::process::{Server, run};
use crate::support::{AiClient, Browser, MEMBER, PASSWORD};

/// Connects the member's client to a server in another process.
async fn connect(server: &Server) -> AiClient {
    let client_id = register_at(&server.base).await;
    let browser = Browser::new(&server.base);
    browser.sign_in(MEMBER.email, PASSWORD).await;
    let query = format!(
        "response_type=code&client_id={client_id}&redirect_uri={REDIRECT}&scope=usage:read+stores:read\
         &code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let page = browser.get(&format!("/oauth/authorize?{query}")).await;
    let fields = [("decision", "authorize"), ("scope", "usage:read"), ("scope", "stores:read")];
    let answer = browser.send(&page, "/oauth/authorize", &fields).await;
    let code = redirected(answer.header("location")).remove("code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &client_id),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let answer: serde_json::Value = http()
        .post(format!("{}/oauth/token", server.base))
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    AiClient {
        http: http(),
        base: server.base.clone(),
        access_token: text("access_token"),
        refresh_token: text("refresh_token"),
        scope: text("scope"),
        client_id,
    }
}

fn count(database: &Database, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    let path = database.url.strip_prefix("sqlite://").unwrap();
    let mut conn = SqliteConnection::establish(path).unwrap();
    diesel::sql_query(format!("SELECT CAST(({sql}) AS BIGINT) AS number"))
        .get_result::<Number>(&mut conn)
        .unwrap()
        .number
}

/// Rows: F23
#[actix_web::test]
async fn kill_9_loses_no_call_that_was_answered() {
    let database = Database::filled(crate::support::database::Backend::Sqlite).await;
    let server = Server::start(&database.folder()).await;
    let client = connect(&server).await;
    let get = json!({ "domain": "shop01.example.com" });
    let mut answered = 0;
    for _ in 0..3 {
        let answers = join_all((0..10).map(|_| client.call_tool("get_store", get.clone()))).await;
        answered += answers.iter().filter(|answer| answer.is_ok()).count() as i64;
    }
    // The last ones are under way when the process dies; those that fail count for nothing.
    let running = (0..10).map(|_| {
        let (client, get) = (client.clone(), get.clone());
        actix_web::rt::spawn(async move {
            let body = crate::support::rpc::legacy(
                "tools/call",
                crate::support::rpc::call("get_store", get),
            );
            match client.post(&body).send().await {
                Ok(answer) => answer.text().await.is_ok_and(|text| text.contains("shop01")),
                Err(_) => false,
            }
        })
    });
    let running: Vec<_> = running.collect();
    actix_web::rt::task::yield_now().await;
    server.signal("-KILL");
    assert!(!server.end().await.success());
    for call in running {
        answered += i64::from(call.await.unwrap());
    }
    assert!(answered >= 30);
    let written = count(
        &database,
        "SELECT count(*) FROM activity WHERE operation = 'get_store' AND outcome = 'ok'",
    );
    let counted = count(&database, "SELECT requests FROM usage_windows WHERE span = 'day'");
    assert!(written >= answered, "{written} rows for {answered} answers");
    assert_eq!(counted, written, "counted and written down together");

    let again = Server::start(&database.folder()).await;
    let mut client = AiClient { base: again.base.clone(), ..client };
    assert_eq!(client.refresh().await.status, 200, "the grant survives");
}

/// Rows: C10
#[actix_web::test]
async fn a_switch_off_by_another_process_counts_at_once_and_survives_kill_9() {
    let database = Database::filled(crate::support::database::Backend::Sqlite).await;
    let server = Server::start(&database.folder()).await;
    let client = connect(&server).await;
    assert!(client.call().await.is_ok());
    // Another process drops the gate while this one serves: no restart, no message, no delay.
    let dropped = run(&database.folder(), &["user", "disable-mcp", MEMBER.email], "").await;
    assert_eq!(dropped.code, 0, "{dropped:?}");
    assert!(dropped.stdout.contains("revoked 1 token"), "{dropped:?}");
    assert_eq!(client.call().await.status, 401);
    server.signal("-KILL");
    server.end().await;
    assert_eq!(count(&database, "SELECT count(*) FROM tokens WHERE state = 'active'"), 0);
    assert_eq!(count(&database, "SELECT count(*) FROM consents WHERE revoked_at IS NULL"), 0);
}

#[actix_web::test]
async fn a_server_that_is_told_to_stop_finishes_what_runs() {
    let database = Database::filled(crate::support::database::Backend::Sqlite).await;
    let server = Server::start(&database.folder()).await;
    let client = connect(&server).await;
    let host = server.base.strip_prefix("http://").unwrap().to_owned();
    let body = crate::support::rpc::legacy(
        "tools/call",
        crate::support::rpc::call("get_usage", json!({})),
    )
    .to_string();
    let (first, rest) = body.split_at(10);
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        client.access_token,
        body.len()
    );
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    // "100 Continue" says that the request is being served.
    let mut continued = [0; 25];
    stream.read_exact(&mut continued).unwrap();
    assert!(continued.starts_with(b"HTTP/1.1 100 Continue"));
    stream.write_all(first.as_bytes()).unwrap();
    server.signal("-TERM");
    // It no longer listens once it is stopping; the running request goes on.
    while TcpStream::connect(&host).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("api_access"), "{answer}");
    assert!(server.end().await.success(), "exit code 0");
}
