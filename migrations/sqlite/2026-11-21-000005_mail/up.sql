-- Mail waits here, written in the transaction of what it tells, until it has been handed over.
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    plain_text TEXT NOT NULL,
    html TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    sent_at BIGINT,
    last_error TEXT
);
CREATE INDEX outbox_due ON outbox (sent_at, due_at);
