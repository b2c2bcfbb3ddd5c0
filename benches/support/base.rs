//! A server's state over a temporary SQLite database that holds as much as a busy one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use diesel::connection::SimpleConnection;
use portcullis::clock::Clock;
use portcullis::config;
use portcullis::service::{Ctx, bootstrap, index};
use tempfile::TempDir;

/// Users in the tables, each with an account, a consent, a token and a call in the log.
pub const USERS: i64 = 100_000;
/// Clients that the users share.
pub const CLIENTS: i64 = 100;

/// An open server state with the folder of its database.
pub struct Base {
    /// The state.
    pub ctx: Ctx,
    /// Keeps the database's folder.
    _folder: TempDir,
}

/// Opens a temporary database the way `serve` on `bind` does, and fills it.
pub async fn open(bind: SocketAddr) -> Base {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db");
    let variables = BTreeMap::from([
        ("PORTCULLIS_DATABASE_URL", format!("sqlite://{}", path.display())),
        ("PORTCULLIS_DATA_FOLDER", folder.path().display().to_string()),
        ("PORTCULLIS_BIND", bind.to_string()),
        ("PORTCULLIS_SECRET", "a secret of a benchmark, nobody else's".into()),
    ]);
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    let config = config::load(None, variables).unwrap().config;
    keep_a_log(&config.log, folder.path());
    let ctx = bootstrap::open(config, Clock::system()).await.unwrap();
    let sql = rows(&ctx);
    ctx.db.write(move |conn| Ok(conn.batch_execute(&sql)?)).await.unwrap();
    index::complete(&ctx.db).await.unwrap();
    Base { ctx, _folder: folder }
}

/// Logs to a file what `serve` logs to standard error, so that its cost is measured too.
fn keep_a_log(filter: &str, folder: &std::path::Path) {
    let file = std::fs::File::create(folder.join("log")).unwrap();
    env_logger::Builder::new()
        .filter_module("rmcp", log::LevelFilter::Warn)
        .filter_module("tracing::span", log::LevelFilter::Warn)
        .parse_filters(filter)
        .target(env_logger::Target::Pipe(Box::new(file)))
        .init();
}

fn rows(ctx: &Ctx) -> String {
    let (now, later) = (ctx.clock.now().0, ctx.clock.now().plus_seconds(86_400).0);
    let resource = &ctx.config.mcp_url;
    let scopes = portcullis::domain::scope::ScopeSet::of_resource();
    let many = |count: i64| {
        format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        )
    };
    let (users, clients, stores) = (many(USERS), many(CLIENTS), many(20_000));
    format!(
        "INSERT INTO plans (id, name, api_access, requests_per_minute, requests_per_day, rows_per_month, credits_per_month, built_in)
           VALUES (100, 'Benchmark', 1, 1000000000, 1000000000, 1000000000, 1000000000, 0);
         INSERT INTO accounts (id, name, plan_id, created_at) {users} SELECT i, 'Account ' || i, 100, {now} FROM n;
         INSERT INTO users (id, subject, account_id, role_id, email, name, status, mcp_enabled, mcp_added_at, active_tokens, created_at)
           {users} SELECT i, 'subject-' || i, i, (SELECT id FROM roles WHERE name = 'Member'), 'user' || i || '@shop.example',
             'User ' || i, 'active', 1, {now}, 1, {now} FROM n;
         INSERT INTO clients (id, client_id, name, registration, trust, auth_method, redirect_uris, created_at, first_consent_at)
           {clients} SELECT i, 'client-' || i, 'Client ' || i, 'dynamic', 'unverified', 'none', 'http://127.0.0.1/callback', {now}, {now} FROM n;
         INSERT INTO consents (id, user_id, client_id, redirect_uri, scopes, created_at, updated_at)
           {users} SELECT i, i, 1 + i % {CLIENTS}, 'http://127.0.0.1/callback', '{scopes}', {now}, {now} FROM n;
         INSERT INTO tokens (id, kind, user_id, client_id, consent_id, label, scopes, resource, state, created_at, expires_at, absolute_expires_at)
           {users} SELECT i, 'oauth', i, 1 + i % {CLIENTS}, i, 'Client', '{scopes}', '{resource}', 'active', {now}, {later}, {later} FROM n;
         INSERT INTO activity (request_id, at, account_id, user_id, client_id, token_id, surface, operation, outcome, status,
             rows_returned, credits_spent, latency_us)
           {users} SELECT 'request-' || i, {now} - {USERS} + i, i, i, 1 + i % {CLIENTS}, i, 'mcp', 'get_usage', 'ok', 200, 0, 0, 500 FROM n;
         INSERT INTO stores (id, domain, name, platform, country, category, monthly_visits, revenue_usd, theme, plus, ads, products,
             description, updated_at, imported_at)
           {stores} SELECT i, 'store-' || i || '.example', 'Store ' || i, 'shopify', CASE i % 4 WHEN 0 THEN 'US' WHEN 1 THEN 'DE' WHEN 2 THEN 'FR' ELSE 'GB' END,
             'home-garden', i * 37 % 1000000, i * 911 % 10000000, 'dawn', i % 2, i % 3 = 0, i % 500, 'Furniture and lamps of all kinds.', {now}, {now} FROM n;
         INSERT INTO store_technologies (store_id, kind, slug, name) {stores} SELECT i, 'app', 'klaviyo', 'Klaviyo' FROM n;
         INSERT INTO store_technologies (store_id, kind, slug, name) {stores} SELECT i, 'pixel', 'meta', 'Meta' FROM n;"
    )
}
