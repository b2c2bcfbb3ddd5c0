DROP TABLE idempotency_keys;
DROP TABLE reveals;
DROP TABLE credit_ledger;
DROP TABLE credit_balances;
