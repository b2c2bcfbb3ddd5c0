-- Keys of the REST API. Apart from `tokens`: they are not what AI clients call with, and end neither with MCP access nor with an approval.
CREATE TABLE api_keys (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The last four characters, by which its owner tells one from another.
    ending TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    -- None: it works until it is revoked.
    expires_at BIGINT,
    -- The key that it was rotated to.
    replaced_by BIGINT REFERENCES api_keys (id),
    ended_at BIGINT,
    end_reason TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);

-- Which key a REST call came with.
ALTER TABLE activity ADD COLUMN api_key_id BIGINT;
