-- By its domain a contact is looked for only until its store comes; from then on it is found under that
-- store's entry. An index of all of them was the dearest part of importing one.
DROP INDEX contacts_store;
CREATE INDEX contacts_waiting ON contacts (store_domain) WHERE entry_id <= 0;
