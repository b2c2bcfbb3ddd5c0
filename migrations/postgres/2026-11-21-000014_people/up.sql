-- People: who is invited and who is deleted, links that are for one person, and what a session is called.
ALTER TABLE users ADD COLUMN invited_at BIGINT;
ALTER TABLE users ADD COLUMN deleted_at BIGINT;

-- Whom a link is for; what it is worth goes with them.
ALTER TABLE one_time_links ADD COLUMN user_id BIGINT REFERENCES users (id) ON DELETE CASCADE;
CREATE INDEX one_time_links_user ON one_time_links (user_id);

-- `handle` names a session on a page without being its key.
ALTER TABLE sessions ADD COLUMN handle TEXT;
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN seen_at BIGINT;
