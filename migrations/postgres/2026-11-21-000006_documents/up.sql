-- Clients that describe themselves by a fetched document: when it was fetched, and until when it may be used without
-- asking again. Both are empty for the documents that are shipped.
ALTER TABLE clients ADD COLUMN document_fetched_at BIGINT;
ALTER TABLE clients ADD COLUMN document_expires_at BIGINT;

-- What such a client asked for while nobody was signed in: kept as it came, because its document is fetched for a
-- signed-in person only.
CREATE TABLE waiting_requests (
    handle_hash TEXT NOT NULL PRIMARY KEY,
    asked TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX waiting_requests_expiry ON waiting_requests (expires_at);
