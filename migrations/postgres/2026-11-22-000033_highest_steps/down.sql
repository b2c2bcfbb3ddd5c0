ALTER TABLE facets DROP COLUMN highest_dollars;
ALTER TABLE facets DROP COLUMN highest_visits;
