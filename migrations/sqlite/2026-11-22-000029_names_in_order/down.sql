DROP INDEX users_by_search;
CREATE INDEX users_by_search ON users (search);
DROP INDEX accounts_in_order;
DROP INDEX users_by_name;
CREATE INDEX users_by_name ON users (name, id);
