-- The store and contact index that the tools read.
CREATE TABLE stores (
    id INTEGER NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL UNIQUE,
    name TEXT,
    platform TEXT,
    country TEXT,
    category TEXT,
    monthly_visits BIGINT,
    revenue_usd BIGINT,
    theme TEXT,
    plus BOOLEAN,
    ads BOOLEAN,
    products BIGINT,
    description TEXT,
    updated_at BIGINT,
    imported_at BIGINT NOT NULL
);
CREATE INDEX stores_country ON stores (country, id);
CREATE INDEX stores_category ON stores (category, id);
CREATE INDEX stores_platform ON stores (platform, id);
CREATE INDEX stores_visits ON stores (monthly_visits, id);
CREATE INDEX stores_revenue ON stores (revenue_usd, id);

CREATE TABLE store_technologies (
    store_id BIGINT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('app', 'pixel')),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (store_id, kind, slug)
);
CREATE INDEX store_technologies_slug ON store_technologies (kind, slug, store_id);

CREATE TABLE contacts (
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
CREATE INDEX contacts_store ON contacts (store_domain, id);
