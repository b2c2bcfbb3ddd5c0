//! A busy server's people, made inside the database by statements that both databases read, the
//! same every time: to `n` users `3 n` clients, `3 n` approvals and `10 n` tokens of every state, an
//! account to five, and the credits that most accounts have spent.

/// When it is.
pub const NOW: i64 = 1_797_336_030_000;
/// Roles beside the built-in ones; a person of each in turn.
pub const ROLES: i64 = 6;

/// Groups of clients that look alike.
const GROUPS: i64 = 3_000;
const DAY: i64 = 86_400_000;
const FIRST: &str = "Ada Ben Cleo Dora Emil Finn Greta Hugo Ida Jon Kira Leo Mara Nils Olga Paul Rosa Sam Tilda Udo Vera Wim Yara Zeno Anja Bela Carl Dina Egon Fara";
const LAST: &str = "Amber Birch Croft Dale Ember Fern Grove Haven Isle Juniper Kestrel Lantern Moss North Oakes Pebble Quill Ridge Sable Thorn Umber Vale Wold Yarrow Ash Brook Cove Drift Elm Field Gale Heath Inlet Kelp Lark Marsh Nook Orchard Pine Reed";
const CLIENTS: &str = "Claude Code;ChatGPT;Cursor;VS Code;Gemini CLI;Codex;Claude Desktop;Lantern Agent;Harbor Desk;Quill Notes;Kettle Bot;Prism Search";

/// The statements that make them, one after the other, each with what it makes.
pub fn statements(users: i64) -> Vec<(&'static str, String)> {
    let many = |count: i64| {
        format!(
            "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        )
    };
    let (one, three, ten) = (many(users), many(3 * users), many(10 * users));
    let accounts = many(users / 5);
    let month = month_start();
    let (long_ago, connected, later, at_last) =
        (NOW - 800 * DAY, NOW - 30 * DAY, NOW + 30 * DAY, NOW + 90 * DAY);
    let first = word("first", "i * 7919 / 13 % 30");
    let last = word("last", "i * 104729 / 17 % 40");
    let client = word("client", "(i * i + i / 12) % 12");
    let member = "(SELECT id FROM roles WHERE name = 'Team ' || (100 + i / 3 % 6))";
    let (roles, groups) = (many(ROLES), many(GROUPS));
    vec![
        ("words", format!(
            "CREATE TEMPORARY TABLE word (of TEXT, place BIGINT, word TEXT, PRIMARY KEY (of, place));{}{}{}",
            words("first", FIRST, ' '), words("last", LAST, ' '), words("client", CLIENTS, ';')
        )),
        ("roles", format!(
            "INSERT INTO roles (name, permissions, tools, built_in) {roles} SELECT 'Team ' || (99 + i), '[]', '[]', FALSE FROM n"
        )),
        ("accounts", format!(
            "INSERT INTO accounts (id, name, plan_id, created_at) {accounts} SELECT 1000 + i, 'Account ' || i, \
             (SELECT id FROM plans WHERE name = CASE i % 3 WHEN 0 THEN 'Starter' WHEN 1 THEN 'Business' ELSE 'Enterprise' END), {NOW} FROM n"
        )),
        ("credits", format!(
            "INSERT INTO credit_balances (account_id, period_start, allowance, balance, spent) {accounts} \
             SELECT 1000 + i, {month}, plan.credits_per_month, plan.credits_per_month - (i * 7919 % 100) * plan.credits_per_month / 100, \
             (i * 7919 % 100) * plan.credits_per_month / 100 FROM n JOIN accounts ON accounts.id = 1000 + i \
             JOIN plans AS plan ON plan.id = accounts.plan_id WHERE i % 3 <> 0"
        )),
        ("users", format!(
            "INSERT INTO users (id, subject, account_id, role_id, email, name, status, mcp_enabled, mcp_added_at, last_tool_at, active_tokens, ended_tokens, created_at) \
             {one} SELECT 1000 + i, 'subject-' || i, 1001 + (i - 1) / 5, {member}, lower({first}) || '.' || lower({last}) || i || '@shop' || (i % 997) || '.example', \
             {first} || ' ' || {last}, 'active', i % 7 <> 0, CASE WHEN i % 11 = 0 THEN NULL ELSE {NOW} - (i * 7907 % 700) * {DAY} - i END, \
             CASE WHEN i % 5 = 0 THEN NULL ELSE {NOW} - (i * 6113 % 300) * {DAY} - i * 13 END, CASE WHEN i % 3 = 0 THEN 0 ELSE 4 END, \
             CASE WHEN i % 3 = 0 THEN 10 ELSE 6 END, {long_ago} FROM n"
        )),
        ("groups", format!(
            "INSERT INTO client_groups (id, group_key, name, redirect_host, registration) \
             {groups} SELECT i, 'group-' || i, 'Group ' || i, '127.0.0.1', 'dynamic' FROM n"
        )),
        ("clients", format!(
            "INSERT INTO clients (id, client_id, name, registration, trust, auth_method, redirect_uris, created_at, first_consent_at, group_id) \
             {three} SELECT i, 'client-' || i, {client}, 'dynamic', 'unverified', 'none', 'http://127.0.0.1/callback', {NOW} - i, {NOW} - i, 1 + i % {GROUPS} FROM n"
        )),
        ("approvals", format!(
            "INSERT INTO consents (id, user_id, client_id, redirect_uri, scopes, created_at, updated_at, revoked_at) \
             {three} SELECT i, 1001 + (i - 1) / 3, i, 'http://127.0.0.1/callback', 'stores:read', {NOW} - i, {NOW} - i, \
             CASE WHEN (1 + (i - 1) / 3) % 3 = 0 THEN {NOW} - 5 ELSE NULL END FROM n"
        )),
        ("tokens", format!(
            "INSERT INTO tokens (id, kind, user_id, client_id, consent_id, label, scopes, resource, state, created_at, expires_at, absolute_expires_at, ended_at) \
             {ten}, made (i, owner, client, state) AS (SELECT i, (i - 1) / 10, 1 + (i - 1) / 10 * 3 + i % 3, \
             CASE WHEN (1 + (i - 1) / 10) % 3 <> 0 AND i % 10 < 4 THEN 'active' WHEN i % 10 < 7 AND (i - 1) / 10 % 2 = 0 THEN 'expired' ELSE 'revoked' END FROM n) \
             SELECT made.i, 'oauth', 1001 + made.owner, made.client, made.client, clients.name, 'stores:read', 'http://127.0.0.1/mcp', made.state, {connected}, \
             CASE made.state WHEN 'active' THEN {later} ELSE {NOW} - 1 END, {at_last}, CASE made.state WHEN 'active' THEN NULL ELSE {NOW} - 1 END \
             FROM made JOIN clients ON clients.id = made.client"
        )),
        ("counts", "UPDATE users SET expired_tokens = (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'expired')".into()),
    ]
}

fn words(of: &str, list: &str, between: char) -> String {
    list.split(between)
        .enumerate()
        .map(|(place, word)| format!("INSERT INTO word VALUES ('{of}', {place}, '{word}');"))
        .collect()
}

fn word(of: &str, place: &str) -> String {
    format!("(SELECT word FROM word WHERE of = '{of}' AND place = {place})")
}

fn month_start() -> i64 {
    portcullis::domain::quota::Span::Month.start(portcullis::clock::Timestamp(NOW)).0
}
