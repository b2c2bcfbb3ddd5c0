-- Searching the index. Contacts get an id for the outside that tells nothing, because the id they
-- came with may be an address; and the entry they are found under (below).
CREATE TABLE contacts_anew (
    id INTEGER NOT NULL PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
    public_id TEXT NOT NULL UNIQUE DEFAULT ('ct_' || lower(hex(randomblob(12)))),
    entry_id BIGINT NOT NULL DEFAULT 0,
    store_domain TEXT,
    first_name TEXT,
    last_name TEXT,
    title TEXT,
    role TEXT,
    seniority TEXT,
    country TEXT,
    email TEXT,
    email_status TEXT NOT NULL CHECK (email_status IN ('valid', 'catch_all', 'guessed', 'bounced', 'suppressed', 'unknown')),
    phone TEXT,
    linkedin_url TEXT,
    imported_at BIGINT NOT NULL
);
INSERT INTO contacts_anew (id, external_id, store_domain, first_name, last_name, title, role, seniority, country, email,
        email_status, phone, linkedin_url, imported_at)
    SELECT id, external_id, store_domain, first_name, last_name, title, role, seniority, country, email,
        email_status, phone, linkedin_url, imported_at FROM contacts;
DROP TABLE contacts;
ALTER TABLE contacts_anew RENAME TO contacts;
CREATE INDEX contacts_store ON contacts (store_domain, id);
CREATE INDEX contacts_entry ON contacts (entry_id, id);

-- Every value that a filter can take, with the number of entries that have it.
CREATE TABLE facets (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    label TEXT NOT NULL,
    entries BIGINT NOT NULL,
    UNIQUE (kind, value)
);

-- What a search goes through: one entry for a store with all its contacts (under the store's id),
-- and one for each contact without a store (under minus its id). The words of an entry are its
-- facets, and its texts in pieces of three letters.
CREATE TABLE index_entries (
    id BIGINT NOT NULL PRIMARY KEY,
    facets TEXT NOT NULL,
    digest BIGINT NOT NULL
);
CREATE VIRTUAL TABLE index_words USING fts5 (words, tokenize = 'ascii', detail = 'none', content = '', contentless_delete = 1);

DROP INDEX stores_country;
DROP INDEX stores_category;
DROP INDEX stores_platform;
DROP INDEX stores_visits;
DROP INDEX stores_revenue;
DROP INDEX store_technologies_slug;
