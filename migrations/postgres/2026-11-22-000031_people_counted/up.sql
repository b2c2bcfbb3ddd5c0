-- How many people there are, who are not deleted: every page of the list says it.
CREATE TABLE people_count (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    people BIGINT NOT NULL
);
INSERT INTO people_count (id, people) SELECT 1, count(*) FROM users WHERE deleted_at IS NULL;

-- Once for a statement of many rows: the same row written again and again would slow it down.
CREATE FUNCTION count_people_who_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE people_count
    SET people = people + (SELECT count(*) FROM people_who_come WHERE deleted_at IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER people_come AFTER INSERT ON users REFERENCING NEW TABLE AS people_who_come
    FOR EACH STATEMENT EXECUTE FUNCTION count_people_who_come();

CREATE FUNCTION count_person_who_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE people_count SET people = people + CASE WHEN NEW.deleted_at IS NULL THEN 1 ELSE -1 END;
    RETURN NULL;
END $$;
CREATE TRIGGER people_go AFTER UPDATE OF deleted_at ON users FOR EACH ROW
    WHEN ((OLD.deleted_at IS NULL) IS DISTINCT FROM (NEW.deleted_at IS NULL))
    EXECUTE FUNCTION count_person_who_goes();

CREATE FUNCTION count_people_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE people_count
    SET people = people - (SELECT count(*) FROM people_removed WHERE deleted_at IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER people_removed AFTER DELETE ON users REFERENCING OLD TABLE AS people_removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_people_removed();
