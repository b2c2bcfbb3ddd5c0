CREATE OR REPLACE FUNCTION write_user_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO user_texts (user_id, search) VALUES (NEW.id, lower(NEW.name) || E'\n' || NEW.email)
    ON CONFLICT (user_id) DO UPDATE SET search = excluded.search;
    RETURN NULL;
END $$;
DROP TRIGGER users_named ON users;
CREATE TRIGGER users_named AFTER INSERT OR UPDATE OF name, email ON users
    FOR EACH ROW EXECUTE FUNCTION write_user_text();
INSERT INTO user_texts (user_id, search)
SELECT id, lower(name) || E'\n' || email FROM users WHERE deleted_at IS NOT NULL;
