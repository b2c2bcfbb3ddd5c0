DROP INDEX accounts_by_created;
DROP INDEX accounts_by_name;
DROP INDEX accounts_plan;
CREATE INDEX accounts_plan ON accounts (plan_id);
ALTER TABLE accounts DROP COLUMN api_access;
ALTER TABLE roles DROP COLUMN tools_chosen;
ALTER TABLE roles DROP COLUMN description;
