DROP INDEX reveals_at;
