-- Credits of an account in a calendar month (UTC). allowance is what the plan gave when the month was
-- opened or last adjusted, spent what reveals took of it; the ledger of the month sums to balance.
CREATE TABLE credit_balances (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    period_start BIGINT NOT NULL,
    allowance BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    PRIMARY KEY (account_id, period_start)
);

-- Every change of a balance, written with it. Nothing leaves it but with its account.
CREATE TABLE credit_ledger (
    id INTEGER NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('allowance', 'plan_change', 'grant', 'take', 'reveal')),
    amount BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    reason TEXT,
    actor_id BIGINT,
    actor TEXT NOT NULL,
    request_id TEXT,
    FOREIGN KEY (account_id, period_start) REFERENCES credit_balances (account_id, period_start) ON DELETE CASCADE
);
CREATE INDEX credit_ledger_month ON credit_ledger (account_id, period_start, id);

-- What an account has paid for, once and for ever. A contact that was paid for cannot be deleted by
-- accident: there is no ON DELETE here. Who revealed it may be gone.
CREATE TABLE reveals (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    contact_id BIGINT NOT NULL REFERENCES contacts (id),
    at BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    client_id BIGINT,
    token_id BIGINT,
    credits BIGINT NOT NULL,
    PRIMARY KEY (account_id, contact_id)
);
CREATE INDEX reveals_contact ON reveals (contact_id);

-- Answers that a repeated request gets again: how each id came out, never what was revealed.
CREATE TABLE idempotency_keys (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (at);
