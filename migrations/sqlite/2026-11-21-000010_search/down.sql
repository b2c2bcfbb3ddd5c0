DROP TABLE index_words;
DROP TABLE index_entries;
DROP TABLE facets;
DROP INDEX contacts_entry;
CREATE TABLE contacts_before (
    id INTEGER NOT NULL PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
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
INSERT INTO contacts_before SELECT id, external_id, store_domain, first_name, last_name, title, role, seniority, country, email,
    email_status, phone, linkedin_url, imported_at FROM contacts;
DROP TABLE contacts;
ALTER TABLE contacts_before RENAME TO contacts;
CREATE INDEX contacts_store ON contacts (store_domain, id);
CREATE INDEX stores_country ON stores (country, id);
CREATE INDEX stores_category ON stores (category, id);
CREATE INDEX stores_platform ON stores (platform, id);
CREATE INDEX stores_visits ON stores (monthly_visits, id);
CREATE INDEX stores_revenue ON stores (revenue_usd, id);
CREATE INDEX store_technologies_slug ON store_technologies (kind, slug, store_id);
