DROP INDEX users_role;
CREATE INDEX users_role ON users (role_id, deleted_at);
DROP INDEX users_account;
CREATE INDEX users_account ON users (account_id, deleted_at);
