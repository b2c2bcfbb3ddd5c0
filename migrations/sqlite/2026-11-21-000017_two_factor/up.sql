-- Confirming: a session in which the password was entered is not asked again until `confirmed_until`.
ALTER TABLE sessions ADD COLUMN confirmed_at BIGINT;
ALTER TABLE sessions ADD COLUMN confirmed_until BIGINT;

-- Two-factor: since when a person's sign-in needs a code, if it does.
ALTER TABLE users ADD COLUMN two_factor_at BIGINT;
-- The zone in which a person reads times; UTC if none.
ALTER TABLE users ADD COLUMN time_zone TEXT;

-- What the codes are computed from, encrypted, and the last step whose code was used: none is taken twice.
CREATE TABLE two_factor_secrets (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    last_step BIGINT NOT NULL
);

-- Hashes of recovery codes; one that was used is gone.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- What a link is about beside its person: the new address.
ALTER TABLE one_time_links ADD COLUMN about TEXT;
