-- The highest step of visits and of revenue that any entry with a facet was ever on: a list by one of
-- these begins there. The search index is written anew by the version that comes with this.
ALTER TABLE facets ADD COLUMN highest_visits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE facets ADD COLUMN highest_dollars BIGINT NOT NULL DEFAULT 0;

-- The numbers by which stores are put in order, in few pages.
CREATE INDEX stores_ranks ON stores (id, monthly_visits, revenue_usd);
