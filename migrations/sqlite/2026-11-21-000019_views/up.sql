-- The MCP Users grid: what its filters need at hand, an index for every order, and saved views.
--
-- Tokens that ran out, for the filter; those whose time has passed unseen are counted by the next sweep.
ALTER TABLE users ADD COLUMN expired_tokens BIGINT NOT NULL DEFAULT 0;
-- Every client that a person ever connected, one name a line in small letters, for the filter by client.
ALTER TABLE users ADD COLUMN client_names TEXT NOT NULL DEFAULT '';
UPDATE users SET
    expired_tokens = (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'expired'),
    client_names = coalesce((SELECT substr(group_concat(name, char(10)), 1, 4000) FROM (
        SELECT DISTINCT CASE kind WHEN 'personal' THEN 'personal access token' ELSE lower(label) END AS name
        FROM tokens WHERE user_id = users.id)), '');

CREATE TRIGGER tokens_named AFTER INSERT ON tokens BEGIN
    UPDATE users SET client_names = substr(client_names || iif(client_names = '', '', char(10))
        || iif(NEW.kind = 'personal', 'personal access token', lower(NEW.label)), 1, 4000)
    WHERE id = NEW.user_id AND instr(char(10) || client_names || char(10),
        char(10) || iif(NEW.kind = 'personal', 'personal access token', lower(NEW.label)) || char(10)) = 0;
END;
CREATE TRIGGER tokens_ran_out AFTER UPDATE OF state ON tokens WHEN (NEW.state = 'expired') <> (OLD.state = 'expired') BEGIN
    UPDATE users SET expired_tokens = expired_tokens + (NEW.state = 'expired') - (OLD.state = 'expired') WHERE id = NEW.user_id;
END;
CREATE TRIGGER tokens_forgotten AFTER DELETE ON tokens WHEN OLD.state = 'expired' BEGIN
    UPDATE users SET expired_tokens = expired_tokens - 1 WHERE id = OLD.user_id;
END;

-- Texts are looked for by going through these two from end to end, without touching the table.
ALTER TABLE users ADD COLUMN search TEXT NOT NULL GENERATED ALWAYS AS (lower(name) || char(10) || email) VIRTUAL;
CREATE INDEX users_by_search ON users (search);
CREATE INDEX users_by_client_names ON users (client_names);

-- What filters and orders go down.
-- Few: no list shows them.
CREATE INDEX users_deleted ON users (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX users_with_expired ON users (id) WHERE expired_tokens > 0;
CREATE INDEX users_by_filters ON users (role_id, mcp_enabled, active_tokens, expired_tokens, mcp_added_at, account_id);
CREATE INDEX credit_balances_spent ON credit_balances (period_start, spent, account_id, balance, allowance);

CREATE TABLE grid_views (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    grid TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    UNIQUE (user_id, grid, name)
);
CREATE UNIQUE INDEX grid_views_default ON grid_views (user_id, grid) WHERE is_default;
