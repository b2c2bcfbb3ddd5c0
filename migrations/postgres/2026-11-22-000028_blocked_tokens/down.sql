DROP INDEX tokens_client;
CREATE INDEX tokens_client ON tokens (client_id, state);
