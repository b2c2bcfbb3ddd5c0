-- Whose tokens a blocked client holds is read from the index alone.
DROP INDEX tokens_client;
CREATE INDEX tokens_client ON tokens (client_id, state, user_id);
