DROP INDEX contacts_waiting;
CREATE INDEX contacts_store ON contacts (store_domain, id);
