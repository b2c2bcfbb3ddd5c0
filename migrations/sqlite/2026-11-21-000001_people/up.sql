-- People: accounts with their plan, roles, users, browser sessions, sign-in throttling, settings.
CREATE TABLE plans (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    api_access BOOLEAN NOT NULL,
    requests_per_minute BIGINT NOT NULL CHECK (requests_per_minute >= 0),
    requests_per_day BIGINT NOT NULL CHECK (requests_per_day >= 0),
    rows_per_month BIGINT NOT NULL CHECK (rows_per_month >= 0),
    credits_per_month BIGINT NOT NULL CHECK (credits_per_month >= 0),
    built_in BOOLEAN NOT NULL
);
INSERT INTO plans (name, api_access, requests_per_minute, requests_per_day, rows_per_month, credits_per_month, built_in) VALUES
    ('Free', 0, 0, 0, 0, 0, 1),
    ('Starter', 1, 60, 5000, 25000, 500, 1),
    ('Business', 1, 60, 5000, 25000, 3000, 1),
    ('Enterprise', 1, 60, 5000, 25000, 10000, 1);

CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    plan_id BIGINT NOT NULL REFERENCES plans (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX accounts_plan ON accounts (plan_id);

-- `permissions` and `tools` are JSON arrays of names, so that the gate reads a role with the token in one query.
CREATE TABLE roles (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    permissions TEXT NOT NULL,
    tools TEXT NOT NULL,
    built_in BOOLEAN NOT NULL
);

-- What they allow is brought up to date at every start, with the permissions and tools of the version that starts.
INSERT INTO roles (name, permissions, tools, built_in) VALUES
    ('Administrator', '[]', '[]', 1),
    ('Auditor', '[]', '[]', 1),
    ('Member', '[]', '[]', 1);

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    role_id BIGINT NOT NULL REFERENCES roles (id),
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    mcp_enabled BOOLEAN NOT NULL,
    mcp_added_at BIGINT,
    last_tool_at BIGINT,
    active_tokens BIGINT NOT NULL DEFAULT 0 CHECK (active_tokens >= 0),
    ended_tokens BIGINT NOT NULL DEFAULT 0 CHECK (ended_tokens >= 0),
    created_at BIGINT NOT NULL
);
CREATE INDEX users_account ON users (account_id);
CREATE INDEX users_role ON users (role_id);
CREATE INDEX users_by_name ON users (name, id);
CREATE INDEX users_by_access ON users (mcp_enabled, id);
CREATE INDEX users_by_added ON users (mcp_added_at, id);
CREATE INDEX users_by_last_tool ON users (last_tool_at, id);
CREATE INDEX users_by_active_tokens ON users (active_tokens, id);

CREATE TABLE sessions (
    key_hash TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE throttles (
    subject TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    window_ends_at BIGINT NOT NULL
);
CREATE INDEX throttles_expiry ON throttles (window_ends_at);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE settings_version (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO settings_version (id, version) VALUES (1, 1);

-- One-time links; `purpose` says for what. Only the hash of the link's secret is kept.
CREATE TABLE one_time_links (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
