-- Names are listed by their letters, be they small or large.
DROP INDEX users_by_name;
CREATE INDEX users_by_name ON users (lower(name), id);
-- That of the names as they are stays: accounts are looked up by it.
CREATE INDEX accounts_in_order ON accounts (lower(name), id);
-- Who has access is read beside the text, without a look at each of many rows found.
DROP INDEX users_by_search;
CREATE INDEX users_by_search ON users (search, mcp_enabled);
