ALTER TABLE clients DROP COLUMN deleted_at;
