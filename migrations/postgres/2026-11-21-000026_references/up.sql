-- What refers to a row is looked up when that goes: removing a client, a person or an approval read all of these.
CREATE INDEX authorization_requests_client ON authorization_requests (client_id);
CREATE INDEX authorization_requests_user ON authorization_requests (user_id);
CREATE INDEX authorization_codes_client ON authorization_codes (client_id);
CREATE INDEX authorization_codes_user ON authorization_codes (user_id);
CREATE INDEX authorization_codes_consent ON authorization_codes (consent_id);
CREATE INDEX api_keys_replaced ON api_keys (replaced_by);
