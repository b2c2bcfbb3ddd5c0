-- An index of lower(name) alone does not spare a look at the row: PostgreSQL asks for the name itself.
DROP INDEX users_by_name;
CREATE INDEX users_by_name ON users (lower(name), id) INCLUDE (name);
DROP INDEX accounts_in_order;
CREATE INDEX accounts_in_order ON accounts (lower(name), id) INCLUDE (name);
