DROP INDEX accounts_in_order;
CREATE INDEX accounts_in_order ON accounts (lower(name), id);
DROP INDEX users_by_name;
CREATE INDEX users_by_name ON users (lower(name), id);
