-- A person's own name for a connection, beside the name its client gave itself; empty is none.
ALTER TABLE consents ADD COLUMN label TEXT NOT NULL DEFAULT '';
-- When a token was first used for a tool call; of tokens used before this version it is not known.
ALTER TABLE tokens ADD COLUMN first_used_at BIGINT;
