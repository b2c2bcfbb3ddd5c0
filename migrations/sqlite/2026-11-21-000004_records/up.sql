-- What was counted and what was written down: quota windows, activity, audit.
CREATE TABLE usage_windows (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    span TEXT NOT NULL CHECK (span IN ('minute', 'day', 'month')),
    starts_at BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    rows_returned BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    PRIMARY KEY (account_id, span, starts_at)
);
CREATE INDEX usage_windows_age ON usage_windows (span, starts_at);

-- A row per tool or REST call, refused ones too. No foreign keys: a record outlives what it speaks of.
CREATE TABLE activity (
    id INTEGER NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    account_id BIGINT,
    user_id BIGINT,
    client_id BIGINT,
    token_id BIGINT,
    address TEXT,
    surface TEXT NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'denied', 'limited', 'error')),
    status INTEGER NOT NULL,
    error_code TEXT,
    rows_returned BIGINT NOT NULL,
    credits_spent BIGINT NOT NULL,
    latency_us BIGINT NOT NULL
);
CREATE INDEX activity_at ON activity (at, id);
CREATE INDEX activity_user ON activity (user_id, id);
CREATE INDEX activity_client ON activity (client_id, id);

CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    request_id TEXT,
    actor_id BIGINT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT,
    target_id BIGINT,
    target TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'denied', 'limited', 'error')),
    address TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_actor ON audit (actor_id, id);
CREATE INDEX audit_target ON audit (target_kind, target_id, id);
