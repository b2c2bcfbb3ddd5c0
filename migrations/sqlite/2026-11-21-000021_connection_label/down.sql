ALTER TABLE consents DROP COLUMN label;
