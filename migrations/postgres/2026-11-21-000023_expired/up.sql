-- Tokens that are made as expired ones (by the demo, by a restored backup) are counted like those that expire later.
CREATE FUNCTION count_made_expired() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET expired_tokens = expired_tokens + 1 WHERE id = NEW.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER tokens_made_expired AFTER INSERT ON tokens FOR EACH ROW
WHEN (NEW.state = 'expired') EXECUTE FUNCTION count_made_expired();
UPDATE users SET expired_tokens = counted.tokens
FROM (SELECT u.id, count(t.id) AS tokens FROM users u LEFT JOIN tokens t ON t.user_id = u.id AND t.state = 'expired' GROUP BY u.id) AS counted
WHERE counted.id = users.id AND counted.tokens <> users.expired_tokens;
