-- A client registered by hand that somebody had approved is kept after its deletion: tokens and logs speak of it.
ALTER TABLE clients ADD COLUMN deleted_at BIGINT;
