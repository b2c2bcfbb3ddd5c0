DROP TRIGGER tokens_made_expired;
