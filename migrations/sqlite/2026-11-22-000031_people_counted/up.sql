-- How many people there are, who are not deleted: every page of the list says it.
CREATE TABLE people_count (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    people BIGINT NOT NULL
);
INSERT INTO people_count (id, people) SELECT 1, count(*) FROM users WHERE deleted_at IS NULL;

CREATE TRIGGER people_come AFTER INSERT ON users WHEN NEW.deleted_at IS NULL BEGIN
    UPDATE people_count SET people = people + 1;
END;
CREATE TRIGGER people_go AFTER UPDATE OF deleted_at ON users
WHEN (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) BEGIN
    UPDATE people_count SET people = people + CASE WHEN NEW.deleted_at IS NULL THEN 1 ELSE -1 END;
END;
CREATE TRIGGER people_removed AFTER DELETE ON users WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE people_count SET people = people - 1;
END;
