-- Tokens that are made as expired ones (by the demo, by a restored backup) are counted like those that expire later.
CREATE TRIGGER tokens_made_expired AFTER INSERT ON tokens WHEN NEW.state = 'expired' BEGIN
    UPDATE users SET expired_tokens = expired_tokens + 1 WHERE id = NEW.user_id;
END;
UPDATE users SET expired_tokens = (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'expired')
WHERE expired_tokens <> (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'expired');
