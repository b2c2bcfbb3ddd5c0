ALTER TABLE grid_views DROP COLUMN shared;
