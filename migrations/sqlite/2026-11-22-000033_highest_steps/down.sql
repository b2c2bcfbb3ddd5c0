DROP INDEX stores_ranks;
ALTER TABLE facets DROP COLUMN highest_dollars;
ALTER TABLE facets DROP COLUMN highest_visits;
