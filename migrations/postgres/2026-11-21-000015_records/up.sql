-- What the screens Activity, Audit and Overview are read by.
CREATE INDEX activity_request ON activity (request_id);
CREATE INDEX activity_address ON activity (address, id);
-- Refusals and reveals are few among many: only their own rows are in these.
CREATE INDEX activity_refused ON activity (outcome, id) WHERE outcome <> 'ok';
CREATE INDEX activity_code ON activity (error_code, id) WHERE outcome <> 'ok';
CREATE INDEX activity_reveals ON activity (id) WHERE operation = 'reveal_contacts';

-- Whom an entry speaks of besides the one who acts: the person who is changed, or whose token or connection is.
ALTER TABLE audit ADD COLUMN about_user_id BIGINT;
UPDATE audit SET about_user_id = CASE WHEN target_kind = 'user' THEN target_id ELSE (detail::jsonb ->> 'user_id')::bigint END;
CREATE INDEX audit_about ON audit (about_user_id, id);
CREATE INDEX audit_label ON audit (target, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_request ON audit (request_id, id);
CREATE INDEX audit_address ON audit (address, id);
CREATE INDEX audit_refused ON audit (outcome, id) WHERE outcome <> 'ok';

-- Calls of one UTC day by tool and outcome, so that the overview never counts the log. Written by a job.
CREATE TABLE activity_days (
    day BIGINT NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    calls BIGINT NOT NULL,
    rows_returned BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    PRIMARY KEY (day, operation, outcome)
);

-- Up to when calls are counted there. Its one row is also the lock of whoever counts.
CREATE TABLE activity_fold (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    calls_until BIGINT NOT NULL
);
INSERT INTO activity_fold (id, calls_until) VALUES (1, 0);

-- Which accounts have used up most of a month's credits.
CREATE INDEX credit_balances_period ON credit_balances (period_start);
