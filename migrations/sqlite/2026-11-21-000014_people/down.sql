ALTER TABLE sessions DROP COLUMN seen_at;
ALTER TABLE sessions DROP COLUMN address;
ALTER TABLE sessions DROP COLUMN user_agent;
ALTER TABLE sessions DROP COLUMN handle;
DROP INDEX one_time_links_user;
DELETE FROM one_time_links WHERE user_id IS NOT NULL;
ALTER TABLE one_time_links DROP COLUMN user_id;
ALTER TABLE users DROP COLUMN deleted_at;
ALTER TABLE users DROP COLUMN invited_at;
