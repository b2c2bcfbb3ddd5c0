-- Whoever is deleted is found by no text, and nobody has to be looked up for that.
DROP INDEX users_by_search;
CREATE INDEX users_by_search ON users (search, mcp_enabled, deleted_at) WHERE deleted_at IS NULL;
DROP INDEX users_by_client_names;
CREATE INDEX users_by_client_names ON users (client_names, deleted_at) WHERE deleted_at IS NULL;
