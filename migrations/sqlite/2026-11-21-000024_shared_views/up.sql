-- Whether everybody who sees the grid is offered a view; it stays its owner's.
ALTER TABLE grid_views ADD COLUMN shared BOOLEAN NOT NULL DEFAULT FALSE;
