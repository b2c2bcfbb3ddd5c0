DROP TRIGGER people_removed;
DROP TRIGGER people_go;
DROP TRIGGER people_come;
DROP TABLE people_count;
