-- What the clients grid shows: look-alike registrations as groups, and counted figures of clients and groups.
--
-- Clients are shared by users, so nothing that changes a user's tokens writes to a client's row: transactions of
-- different users would wait for each other there, in any order. What they change is written down as a difference
-- (`client_deltas`, never updated) and folded into the rows by a job. A figure is row + differences, at any time.
CREATE TABLE client_groups (
    id INTEGER NOT NULL PRIMARY KEY,
    group_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    redirect_host TEXT NOT NULL,
    registration TEXT NOT NULL,
    clients BIGINT NOT NULL DEFAULT 0,
    verified BIGINT NOT NULL DEFAULT 0,
    blocked BIGINT NOT NULL DEFAULT 0,
    registered_at BIGINT NOT NULL DEFAULT 0,
    users BIGINT NOT NULL DEFAULT 0,
    active_tokens BIGINT NOT NULL DEFAULT 0,
    calls BIGINT NOT NULL DEFAULT 0,
    last_used_at BIGINT
);
CREATE INDEX client_groups_by_name ON client_groups (name, id);
CREATE INDEX client_groups_by_status ON client_groups (blocked, verified, id);
CREATE INDEX client_groups_by_registered ON client_groups (registered_at, id);
CREATE INDEX client_groups_by_users ON client_groups (users, id);
CREATE INDEX client_groups_by_tokens ON client_groups (active_tokens, id);
CREATE INDEX client_groups_by_calls ON client_groups (calls, id);
-- Rows that were never used come last both ways.
CREATE INDEX client_groups_by_last_used ON client_groups ((last_used_at IS NULL), last_used_at, id);
CREATE INDEX client_groups_by_last_used_down ON client_groups ((last_used_at IS NULL), last_used_at DESC, id DESC);
CREATE INDEX client_groups_empty ON client_groups (clients);

ALTER TABLE clients ADD COLUMN group_id BIGINT REFERENCES client_groups (id);
ALTER TABLE clients ADD COLUMN trust_before_block TEXT;
ALTER TABLE clients ADD COLUMN previous_secret_hash TEXT;
ALTER TABLE clients ADD COLUMN previous_secret_until BIGINT;
ALTER TABLE clients ADD COLUMN users BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN active_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN calls BIGINT NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN last_used_at BIGINT;
CREATE INDEX clients_by_name ON clients (group_id, name, id);
CREATE INDEX clients_by_status ON clients (group_id, trust, id);
CREATE INDEX clients_by_registered ON clients (group_id, created_at, id);
CREATE INDEX clients_by_users ON clients (group_id, users, id);
CREATE INDEX clients_by_tokens ON clients (group_id, active_tokens, id);
CREATE INDEX clients_by_calls ON clients (group_id, calls, id);
CREATE INDEX clients_by_last_used ON clients (group_id, (last_used_at IS NULL), last_used_at, id);
CREATE INDEX clients_by_last_used_down ON clients (group_id, (last_used_at IS NULL), last_used_at DESC, id DESC);

CREATE TABLE client_deltas (
    id INTEGER NOT NULL PRIMARY KEY,
    client_id BIGINT NOT NULL,
    group_id BIGINT,
    users BIGINT NOT NULL,
    group_users BIGINT NOT NULL,
    tokens BIGINT NOT NULL
);

-- Answered calls of a client on one UTC day, for the figure of thirty days.
CREATE TABLE client_days (
    client_id BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (client_id, day)
);
CREATE INDEX client_days_age ON client_days (day);

-- Up to when calls are folded. Its one row is also the lock of whoever changes many clients.
CREATE TABLE client_fold (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    calls_until BIGINT NOT NULL
);
INSERT INTO client_fold (id, calls_until) VALUES (1, 0);

UPDATE clients SET
    users = (SELECT count(*) FROM consents WHERE client_id = clients.id AND revoked_at IS NULL),
    active_tokens = (SELECT count(*) FROM tokens WHERE client_id = clients.id AND state = 'active');

CREATE TRIGGER clients_grouped AFTER INSERT ON clients WHEN NEW.group_id IS NOT NULL BEGIN
    UPDATE client_groups SET clients = clients + 1, verified = verified + (NEW.trust = 'verified'),
        blocked = blocked + (NEW.trust = 'blocked'), registered_at = max(registered_at, NEW.created_at)
    WHERE id = NEW.group_id;
END;
CREATE TRIGGER clients_regrouped AFTER UPDATE OF trust, group_id ON clients BEGIN
    UPDATE client_groups SET clients = clients - 1, verified = verified - (OLD.trust = 'verified'),
        blocked = blocked - (OLD.trust = 'blocked'), active_tokens = active_tokens - OLD.active_tokens,
        calls = calls - OLD.calls
    WHERE id = OLD.group_id;
    UPDATE client_groups SET clients = clients + 1, verified = verified + (NEW.trust = 'verified'),
        blocked = blocked + (NEW.trust = 'blocked'), active_tokens = active_tokens + NEW.active_tokens,
        calls = calls + NEW.calls, registered_at = max(registered_at, NEW.created_at)
    WHERE id = NEW.group_id;
END;
CREATE TRIGGER clients_ungrouped AFTER DELETE ON clients WHEN OLD.group_id IS NOT NULL BEGIN
    UPDATE client_groups SET clients = clients - 1, verified = verified - (OLD.trust = 'verified'),
        blocked = blocked - (OLD.trust = 'blocked'), active_tokens = active_tokens - OLD.active_tokens,
        calls = calls - OLD.calls
    WHERE id = OLD.group_id;
END;

CREATE TRIGGER tokens_counted AFTER INSERT ON tokens WHEN NEW.client_id IS NOT NULL AND NEW.state = 'active' BEGIN
    INSERT INTO client_deltas (client_id, group_id, users, group_users, tokens)
    SELECT id, group_id, 0, 0, 1 FROM clients WHERE id = NEW.client_id;
END;
CREATE TRIGGER tokens_recounted AFTER UPDATE OF state ON tokens
WHEN NEW.client_id IS NOT NULL AND (NEW.state = 'active') <> (OLD.state = 'active') BEGIN
    INSERT INTO client_deltas (client_id, group_id, users, group_users, tokens)
    SELECT id, group_id, 0, 0, (NEW.state = 'active') - (OLD.state = 'active') FROM clients WHERE id = NEW.client_id;
END;
CREATE TRIGGER tokens_uncounted AFTER DELETE ON tokens WHEN OLD.client_id IS NOT NULL AND OLD.state = 'active' BEGIN
    INSERT INTO client_deltas (client_id, group_id, users, group_users, tokens)
    SELECT id, group_id, 0, 0, -1 FROM clients WHERE id = OLD.client_id;
END;

-- A user counts once for a client, and once for a group of look-alikes whatever many of it they have connected.
CREATE TRIGGER consents_counted AFTER INSERT ON consents WHEN NEW.revoked_at IS NULL BEGIN
    INSERT INTO client_deltas (client_id, group_id, users, group_users, tokens)
    SELECT client.id, client.group_id, 1, NOT EXISTS (
        SELECT 1 FROM consents AS other JOIN clients AS alike ON alike.id = other.client_id
        WHERE other.user_id = NEW.user_id AND other.revoked_at IS NULL AND other.id <> NEW.id AND alike.group_id = client.group_id
    ), 0 FROM clients AS client WHERE client.id = NEW.client_id;
END;
CREATE TRIGGER consents_recounted AFTER UPDATE OF revoked_at ON consents
WHEN (NEW.revoked_at IS NULL) <> (OLD.revoked_at IS NULL) BEGIN
    INSERT INTO client_deltas (client_id, group_id, users, group_users, tokens)
    SELECT client.id, client.group_id, (NEW.revoked_at IS NULL) - (OLD.revoked_at IS NULL),
        ((NEW.revoked_at IS NULL) - (OLD.revoked_at IS NULL)) * NOT EXISTS (
        SELECT 1 FROM consents AS other JOIN clients AS alike ON alike.id = other.client_id
        WHERE other.user_id = NEW.user_id AND other.revoked_at IS NULL AND other.id <> NEW.id AND alike.group_id = client.group_id
    ), 0 FROM clients AS client WHERE client.id = NEW.client_id;
END;
CREATE TRIGGER consents_uncounted AFTER DELETE ON consents WHEN OLD.revoked_at IS NULL BEGIN
    INSERT INTO client_deltas (client_id, group_id, users, group_users, tokens)
    SELECT client.id, client.group_id, -1, -(NOT EXISTS (
        SELECT 1 FROM consents AS other JOIN clients AS alike ON alike.id = other.client_id
        WHERE other.user_id = OLD.user_id AND other.revoked_at IS NULL AND other.id <> OLD.id AND alike.group_id = client.group_id
    )), 0 FROM clients AS client WHERE client.id = OLD.client_id;
END;
