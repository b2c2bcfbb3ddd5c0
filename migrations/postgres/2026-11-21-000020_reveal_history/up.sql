-- What an account has paid for, newest first.
CREATE INDEX reveals_at ON reveals (account_id, at, contact_id);
