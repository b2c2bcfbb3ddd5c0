-- A person's own name for a connection, beside the name its client gave itself; empty is none.
ALTER TABLE consents ADD COLUMN label TEXT NOT NULL DEFAULT '';
