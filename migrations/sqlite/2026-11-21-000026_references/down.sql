DROP INDEX api_keys_replaced;
DROP INDEX authorization_codes_consent;
DROP INDEX authorization_codes_user;
DROP INDEX authorization_codes_client;
DROP INDEX authorization_requests_user;
DROP INDEX authorization_requests_client;
