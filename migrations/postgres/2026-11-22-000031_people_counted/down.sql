DROP TRIGGER people_removed ON users;
DROP FUNCTION count_people_removed;
DROP TRIGGER people_go ON users;
DROP FUNCTION count_person_who_goes;
DROP TRIGGER people_come ON users;
DROP FUNCTION count_people_who_come;
DROP TABLE people_count;
