ALTER TABLE authorization_codes DROP COLUMN signed_in_at;
ALTER TABLE authorization_codes DROP COLUMN with_refresh;
