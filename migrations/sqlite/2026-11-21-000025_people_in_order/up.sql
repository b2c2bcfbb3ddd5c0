-- The people of a role, and those of an account, are listed in the order of their ids and counted by
-- these alone.
DROP INDEX users_role;
CREATE INDEX users_role ON users (role_id, id, deleted_at);
DROP INDEX users_account;
CREATE INDEX users_account ON users (account_id, id, deleted_at);
