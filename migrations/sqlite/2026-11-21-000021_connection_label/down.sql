ALTER TABLE consents DROP COLUMN label;
ALTER TABLE tokens DROP COLUMN first_used_at;
