-- The authorization server: signing keys, clients, consents, authorization requests, codes, tokens.
CREATE TABLE signing_keys (
    id INTEGER NOT NULL PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    algorithm TEXT NOT NULL,
    private_key TEXT NOT NULL,
    public_x TEXT NOT NULL,
    public_y TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

CREATE TABLE clients (
    id INTEGER NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    registration TEXT NOT NULL CHECK (registration IN ('dynamic', 'metadata_document', 'manual')),
    trust TEXT NOT NULL CHECK (trust IN ('unverified', 'verified', 'blocked')),
    auth_method TEXT NOT NULL CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
    secret_hash TEXT,
    redirect_uris TEXT NOT NULL,
    client_uri TEXT,
    created_address TEXT,
    created_at BIGINT NOT NULL,
    first_consent_at BIGINT
);
CREATE INDEX clients_unused ON clients (first_consent_at, created_at);

-- A connection: a user's standing approval of one client. Kept after its end; at most one is live.
CREATE TABLE consents (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id BIGINT NOT NULL REFERENCES clients (id),
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX consents_live ON consents (user_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX consents_client ON consents (client_id);

-- What a client asked for, while the person signs in and decides. Single use.
CREATE TABLE authorization_requests (
    handle_hash TEXT NOT NULL PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    parameters TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    session_hash TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT
);
CREATE INDEX authorization_requests_expiry ON authorization_requests (expires_at);

-- One authorization of one client (a refresh-token family with its access tokens), or one personal access token.
CREATE TABLE tokens (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('oauth', 'personal')),
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id BIGINT REFERENCES clients (id),
    consent_id BIGINT REFERENCES consents (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    secret_hash TEXT UNIQUE,
    scopes TEXT NOT NULL,
    resource TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'expired', 'revoked')),
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT,
    CHECK ((kind = 'oauth') = (client_id IS NOT NULL)),
    CHECK ((state = 'active') = (ended_at IS NULL))
);
CREATE INDEX tokens_user ON tokens (user_id, state);
CREATE INDEX tokens_client ON tokens (client_id, state);
CREATE INDEX tokens_consent ON tokens (consent_id);
CREATE INDEX tokens_expiry ON tokens (state, expires_at);

CREATE TABLE authorization_codes (
    code_hash TEXT NOT NULL PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    consent_id BIGINT NOT NULL REFERENCES consents (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    resource TEXT NOT NULL,
    nonce TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    token_id BIGINT REFERENCES tokens (id) ON DELETE CASCADE
);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);
CREATE INDEX authorization_codes_token ON authorization_codes (token_id);

-- `retired_at` is set when the token was rotated; at most one of a family is live.
CREATE TABLE refresh_tokens (
    id INTEGER NOT NULL PRIMARY KEY,
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE UNIQUE INDEX refresh_tokens_live ON refresh_tokens (token_id) WHERE retired_at IS NULL;
CREATE INDEX refresh_tokens_token ON refresh_tokens (token_id);
