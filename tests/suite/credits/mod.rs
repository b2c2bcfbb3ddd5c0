//! Credits: balances, ledger and reveals, as every surface uses them (contract §7, §8, §10).

mod crash;
mod history;
mod idempotency;
mod months;
mod parallel;
mod processes;
mod reveal;

use diesel::RunQueryDsl;
use portcullis::domain::audit::Actor;
use portcullis::domain::credit::{Credits, RevealOutcome};
use portcullis::domain::import::Entity;
use portcullis::error::Error;
use portcullis::ids::AccountId;
use portcullis::service::credits::Adjustment;
use portcullis::service::import::{self, Format, Import};
use portcullis::service::login::Reconfirmed;
use portcullis::service::reveal::{Answer, Payer, Request, reveal};
use portcullis::service::verify::Credential;
use portcullis::service::{Ctx, bootstrap, credits, meter};
use portcullis::store::activity::NewActivity;
use portcullis::store::credits::differences;

use crate::support::database::config;
use crate::support::{ADMIN, MEMBER, Person, TestApp};

/// A line of the file that [`import_contacts`] reads.
const COLUMNS: &str = "external_id,first_name,email,email_status,phone,linkedin_url\n";

/// An application whose plans give this many credits and do not limit requests.
async fn plan(app: &TestApp, credits: i64) {
    app.sql(format!(
        "UPDATE plans SET credits_per_month = {credits}, requests_per_minute = 100000, requests_per_day = 100000"
    ))
    .await;
}

/// Adds contacts, a line each.
async fn import_contacts(app: &TestApp, lines: &str) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Import {
        entity: Entity::Contacts,
        format: Some(Format::Csv),
        strict: true,
        name: "contacts.csv".into(),
        limits: None,
        rejects: folder.path().join("rejects.jsonl"),
    };
    let input = Box::new(std::io::Cursor::new(format!("{COLUMNS}{lines}")));
    import::run(&app.ctx.db, &app.clock, &Actor::operator(), plan, input, &|_, _| ())
        .await
        .unwrap();
}

/// Adds `count` contacts with a valid address and returns the ids of all there are, in order.
async fn contacts(app: &TestApp, count: usize) -> Vec<String> {
    let lines: String = (0..count)
        .map(|number| format!("c{number},Person {number},p{number}@shop.example,valid,,\n"))
        .collect();
    import_contacts(app, &lines).await;
    ids(app).await
}

/// The public ids of all contacts, in the order of their rows.
async fn ids(app: &TestApp) -> Vec<String> {
    texts(&app.ctx, "SELECT public_id AS text FROM contacts ORDER BY id").await
}

/// The column `text` of a query.
async fn texts(ctx: &Ctx, sql: &'static str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let rows: Vec<Row> =
        ctx.db.read(move |conn| Ok(diesel::sql_query(sql).load(conn)?)).await.unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

/// The account that a person belongs to.
async fn account_of(app: &TestApp, person: Person) -> AccountId {
    let user = app.id_of(person).await;
    AccountId(app.count(format!("SELECT account_id FROM users WHERE id = {user}")).await)
}

async fn payer_of(app: &TestApp, person: Person) -> Payer {
    let account = account_of(app, person).await;
    Payer { account, user: app.id_of(person).await, client: None, credential: None }
}

/// The member as payer.
async fn payer(app: &TestApp) -> Payer {
    payer_of(app, MEMBER).await
}

/// The record of a call that is about to be answered.
fn call(ctx: &Ctx, payer: Payer) -> NewActivity {
    NewActivity {
        request_id: "a-request".into(),
        at: ctx.clock.now(),
        account_id: Some(payer.account),
        user_id: Some(payer.user),
        client_id: payer.client,
        token_id: payer.credential.and_then(Credential::token),
        api_key_id: None,
        address: None,
        surface: "mcp",
        operation: "reveal_contacts".into(),
        outcome: "ok",
        status: 200,
        error_code: None,
        rows_returned: 0,
        credits_spent: 0,
        latency_us: 1,
    }
}

/// A confirmed request.
fn request(ids: &[String]) -> Request {
    Request { ids: ids.to_vec(), confirm: true, idempotency_key: None }
}

fn keyed(ids: &[String], key: &str) -> Request {
    Request { idempotency_key: Some(key.into()), ..request(ids) }
}

async fn ask(ctx: &Ctx, payer: Payer, request: Request) -> Result<Answer, Error> {
    reveal(ctx, payer, request, call(ctx, payer)).await.unwrap()
}

/// The code of a refusal.
fn code(answer: &Result<Answer, Error>) -> &'static str {
    answer.as_ref().err().map_or("(answered)", |error| error.code.as_str())
}

fn outcomes(answer: &Answer) -> Vec<RevealOutcome> {
    answer.contacts.iter().map(|contact| contact.outcome).collect()
}

/// The credits as `get_usage` shows them.
async fn shown(app: &TestApp, account: AccountId) -> Credits {
    meter::used(&app.ctx, account).await.unwrap().credits
}

/// An adjustment by somebody who has seen nothing.
fn wanted(amount: i64, reason: &str) -> Adjustment {
    Adjustment { amount, reason: reason.into(), seen: None }
}

/// Grants or takes as the administrator.
async fn adjust(app: &TestApp, account: AccountId, amount: i64) -> Result<Credits, Error> {
    let actor = app.admin_actor().await;
    let proof = Reconfirmed { user: app.id_of(ADMIN).await };
    credits::adjust(&app.ctx, &actor, proof, account, wanted(amount, "for the test")).await
}

/// The same database seen from another replica.
async fn replica(app: &TestApp) -> Ctx {
    let pairs = [("DATABASE_URL", app.database.url.as_str()), ("PUBLIC_URL", app.base.as_str())];
    bootstrap::open(config(&pairs), app.clock.clone()).await.unwrap()
}

/// Balance, ledger, reveals and the log tell the same, whatever has happened.
async fn check_books(app: &TestApp) {
    let wrong = app.ctx.db.read(|conn| Ok(differences(conn)?)).await.unwrap();
    assert_eq!(wrong, []);
    let spent = app.count("SELECT COALESCE(sum(spent), 0) FROM credit_balances").await;
    for told in [
        "SELECT COALESCE(sum(credits), 0) FROM reveals",
        "SELECT COALESCE(sum(credits), 0) FROM usage_windows WHERE span = 'month'",
        "SELECT COALESCE(sum(credits_spent), 0) FROM activity",
    ] {
        assert_eq!(app.count(told).await, spent, "{told}");
    }
    // Each line says what the lines up to it sum to.
    let jumps = "SELECT count(*) FROM credit_ledger l WHERE l.balance_after <> (SELECT sum(amount) \
        FROM credit_ledger m WHERE m.account_id = l.account_id AND m.period_start = l.period_start AND m.id <= l.id)";
    assert_eq!(app.count(jumps).await, 0);
}
