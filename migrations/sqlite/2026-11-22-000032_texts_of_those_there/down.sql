DROP INDEX users_by_client_names;
CREATE INDEX users_by_client_names ON users (client_names);
DROP INDEX users_by_search;
CREATE INDEX users_by_search ON users (search, mcp_enabled);
