//! Two processes of the built program over one PostgreSQL database: one pool of credits.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::*;
use crate::support::ai_client::Answer;
use crate::support::process::Server;
use crate::support::{AUDITOR, AiClient, Browser, PASSWORD, personal};

const CREDITS: i64 = 40;
const CONTACTS: usize = 60;

/// `portcullis serve` over the application's database.
async fn serve(app: &TestApp, folder: &tempfile::TempDir) -> Server {
    let url = app.database.url.clone();
    let change = move |command: &mut std::process::Command| {
        command.env("PORTCULLIS_DATABASE_URL", &url);
    };
    Server::with(folder.path(), change).await
}

/// A person's token, made at one process, as something that calls at both.
async fn at_both(person: Person, here: &Server, there: &Server) -> [AiClient; 2] {
    let browser = Browser::new(&here.base);
    browser.sign_in(person.email, PASSWORD).await;
    let page = personal::ask(&browser, "Both", "usage:read contacts:reveal", "30", PASSWORD).await;
    let secret = personal::secret(&page).unwrap();
    [here, there].map(|server| personal::client_of(&server.base, &secret))
}

/// The contacts that an answer gave channels of.
fn given(answer: &Answer) -> BTreeSet<String> {
    let rows = answer.content()["data"].as_array().unwrap().iter();
    rows.filter(|row| row["channels"]["email"].is_string())
        .map(|row| row["contact_id"].as_str().unwrap().to_owned())
        .collect()
}

fn spent(answer: &Answer) -> i64 {
    answer.content()["credits_spent"].as_i64().unwrap()
}

#[actix_web::test]
async fn two_processes_spend_exactly_what_they_reveal() {
    if crate::support::postgres::server().is_none() {
        return;
    }
    let app = TestApp::postgres().await.unwrap();
    app.set("personal_access_tokens", "yes").await;
    plan(&app, CREDITS).await;
    let ids = contacts(&app, CONTACTS).await;
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (serve(&app, &folder).await, serve(&app, &folder).await);
    let [member_here, member_there] = at_both(MEMBER, &one, &two).await;
    let [auditor_there, auditor_here] = at_both(AUDITOR, &two, &one).await;

    // Everybody wants every contact, singly and in pairs, at both processes, in another order.
    let mut calls = Vec::new();
    for (place, caller) in
        [&member_here, &member_there, &auditor_here, &auditor_there].into_iter().enumerate()
    {
        let mut wanted: Vec<&[String]> = ids.chunks(1 + place % 2).collect();
        let half = wanted.len() / 2;
        wanted.rotate_left(place * half / 2);
        calls.extend(wanted.into_iter().map(|ids| {
            let arguments = json!({ "contact_ids": ids, "confirm_spend_credits": true });
            caller.call_tool("reveal_contacts", arguments)
        }));
    }
    let answers = join_all(calls).await;
    let (paid, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.is_ok());
    assert!(refused.iter().all(|answer| answer.tool_error() == "insufficient_credits"));
    let all: BTreeSet<String> = paid.iter().flat_map(|answer| given(answer)).collect();
    let sum: i64 = paid.iter().map(|answer| spent(answer)).sum();
    assert_eq!((sum, all.len() as i64), (CREDITS, CREDITS), "what was spent is what was given");
    // Now that all is spent: what is paid for is free at both, and nothing else comes out.
    for caller in [&member_here, &auditor_there] {
        let usage = caller.call().await;
        let Value::Object(credits) = &usage.content()["credits"] else { unreachable!() };
        assert_eq!((&credits["used"], &credits["remaining"]), (&json!(CREDITS), &json!(0)));
        for id in &ids {
            let arguments = json!({ "contact_ids": [id], "confirm_spend_credits": true });
            let answer = caller.call_tool("reveal_contacts", arguments).await;
            assert_eq!(answer.is_ok(), all.contains(id), "{}", answer.text);
            assert!(!answer.is_ok() || spent(&answer) == 0);
        }
    }
    assert_eq!(app.count("SELECT count(*) FROM reveals").await, CREDITS);
    let written =
        app.count("SELECT count(*) FROM activity WHERE operation = 'reveal_contacts'").await;
    assert_eq!(written, (answers.len() + 2 * CONTACTS) as i64, "each call once");
    check_books(&app).await;
    drop((one, two));
    app.stop().await;
}
