DELETE FROM one_time_links WHERE about IS NOT NULL;
ALTER TABLE one_time_links DROP COLUMN about;
DROP TABLE recovery_codes;
DROP TABLE two_factor_secrets;
ALTER TABLE users DROP COLUMN time_zone;
ALTER TABLE users DROP COLUMN two_factor_at;
ALTER TABLE sessions DROP COLUMN confirmed_until;
ALTER TABLE sessions DROP COLUMN confirmed_at;
