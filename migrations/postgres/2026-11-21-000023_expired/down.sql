DROP TRIGGER tokens_made_expired ON tokens;
DROP FUNCTION count_made_expired;
