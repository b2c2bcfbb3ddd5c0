-- Roles in words, and whether somebody has chosen a built-in role's tools: then a start leaves them alone.
ALTER TABLE roles ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE roles ADD COLUMN tools_chosen BOOLEAN NOT NULL DEFAULT FALSE;

-- An account can be cut off by itself, whatever its plan gives.
ALTER TABLE accounts ADD COLUMN api_access BOOLEAN NOT NULL DEFAULT TRUE;

-- What the list of accounts is sorted by.
DROP INDEX accounts_plan;
CREATE INDEX accounts_plan ON accounts (plan_id, id);
CREATE INDEX accounts_by_name ON accounts (name, id);
CREATE INDEX accounts_by_created ON accounts (created_at, id);

-- How many people have a role or are in an account is counted by these alone.
DROP INDEX users_role;
CREATE INDEX users_role ON users (role_id, deleted_at);
DROP INDEX users_account;
CREATE INDEX users_account ON users (account_id, deleted_at);
