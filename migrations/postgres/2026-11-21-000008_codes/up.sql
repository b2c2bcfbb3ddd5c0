-- Whether a refresh token comes with a code (a person may refuse to stay connected), and when the
-- person signed in, for the ID token.
ALTER TABLE authorization_codes ADD COLUMN with_refresh BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE authorization_codes ADD COLUMN signed_in_at BIGINT;
