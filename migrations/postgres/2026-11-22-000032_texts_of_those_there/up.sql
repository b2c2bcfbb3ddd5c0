-- Whoever is deleted is found by no text, and nobody has to be looked up for that.
CREATE OR REPLACE FUNCTION write_user_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.deleted_at IS NULL THEN
        INSERT INTO user_texts (user_id, search) VALUES (NEW.id, lower(NEW.name) || E'\n' || NEW.email)
        ON CONFLICT (user_id) DO UPDATE SET search = excluded.search;
    ELSE
        DELETE FROM user_texts WHERE user_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER users_named ON users;
CREATE TRIGGER users_named AFTER INSERT OR UPDATE OF name, email, deleted_at ON users
    FOR EACH ROW EXECUTE FUNCTION write_user_text();
DELETE FROM user_texts WHERE user_id IN (SELECT id FROM users WHERE deleted_at IS NOT NULL);
