DROP TABLE waiting_requests;
ALTER TABLE clients DROP COLUMN document_expires_at;
ALTER TABLE clients DROP COLUMN document_fetched_at;
