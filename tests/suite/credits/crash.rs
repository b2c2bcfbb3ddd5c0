//! A process that is killed while it reveals leaves books that agree.

use std::io::BufRead;
use std::process::{Command, Stdio};

use portcullis::clock::Clock;
use portcullis::domain::credit::MOST_CONTACTS;

use super::*;
use crate::support::database::{Backend, START};
use crate::support::{MEMBER, postgres};

/// Names the database to the process that is to be killed.
const DATABASE: &str = "SUITE_CRASH_DATABASE";

/// The part of the test below that runs in the other process; without it, nothing.
#[actix_web::test]
async fn the_process_that_is_killed() {
    let Ok(url) = std::env::var(DATABASE) else { return };
    let ctx =
        bootstrap::open(config(&[("DATABASE_URL", &url)]), Clock::fixed(START)).await.unwrap();
    let member = portcullis::service::people::by_address(&ctx, MEMBER.email).await.unwrap().id;
    let account =
        ctx.db.read(move |conn| Ok(portcullis::store::accounts::by_name(conn, MEMBER.account)?));
    let account = account.await.unwrap().unwrap();
    let payer = Payer { account, user: member, client: None, credential: None };
    let ids = texts(&ctx, "SELECT public_id AS text FROM contacts ORDER BY id").await;
    for part in ids.chunks(MOST_CONTACTS) {
        let answer = ask(&ctx, payer, request(part)).await.unwrap();
        println!("answered {}", answer.credits_spent);
    }
}

async fn killed_in_the_middle(app: &TestApp) {
    plan(app, 100_000).await;
    contacts(app, 5_000).await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "credits::crash::the_process_that_is_killed", "--nocapture"])
        .env(DATABASE, &app.database.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut answered = 0;
    for line in lines {
        if let Some(spent) = line.split("answered ").nth(1) {
            answered += spent.trim().parse::<i64>().unwrap();
        }
        // It is in the middle of the next ones; those it has told already are read to the end.
        if answered == 100 {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "it was killed");
    // PostgreSQL may still be committing for the dead: wait for the account's row.
    app.sql("UPDATE accounts SET name = name").await;
    let account = account_of(app, MEMBER).await;
    let used = shown(app, account).await.used;
    assert!((answered..5_000).contains(&used), "{used} spent, {answered} answered");
    assert!(used <= answered + MOST_CONTACTS as i64, "{used} spent, {answered} answered");
    assert_eq!(app.count("SELECT count(*) FROM reveals").await, used);
    check_books(app).await;
}

#[actix_web::test]
async fn kill_9_in_the_middle_leaves_books_that_agree() {
    let app = TestApp::sqlite().await;
    killed_in_the_middle(&app).await;
    app.stop().await;
    if postgres::server().is_some() {
        let app = TestApp::on(Backend::Postgres, &[]).await;
        killed_in_the_middle(&app).await;
        app.stop().await;
    }
}
