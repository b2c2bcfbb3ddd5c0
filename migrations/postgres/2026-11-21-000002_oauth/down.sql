DROP TABLE refresh_tokens;
DROP TABLE authorization_codes;
DROP TABLE tokens;
DROP TABLE authorization_requests;
DROP TABLE consents;
DROP TABLE clients;
DROP TABLE signing_keys;
