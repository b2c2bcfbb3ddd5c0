//! The two logs as the tests read them.

use diesel::prelude::*;
use portcullis::db::schema::{activity, audit, outbox};
use serde_json::Value;

use super::TestApp;

/// A row of the activity log.
#[derive(Debug, Clone, Queryable)]
pub struct Call {
    pub request_id: String,
    pub user_id: Option<i64>,
    pub client_id: Option<i64>,
    pub token_id: Option<i64>,
    pub address: Option<String>,
    pub surface: String,
    pub operation: String,
    pub outcome: String,
    pub status: i32,
    pub error_code: Option<String>,
    pub rows_returned: i64,
    pub credits_spent: i64,
}

/// An entry of the audit log.
#[derive(Debug, Clone, Queryable)]
pub struct Entry {
    pub actor: String,
    pub target: Option<String>,
    pub outcome: String,
    pub address: Option<String>,
    pub request_id: Option<String>,
    detail: String,
}

impl Entry {
    pub fn detail(&self) -> Value {
        serde_json::from_str(&self.detail).unwrap()
    }
}

impl TestApp {
    /// All calls, oldest first.
    pub async fn calls(&self) -> Vec<Call> {
        self.ctx
            .db
            .read(|conn| {
                Ok(activity::table
                    .order(activity::id.asc())
                    .select((
                        activity::request_id,
                        activity::user_id,
                        activity::client_id,
                        activity::token_id,
                        activity::address,
                        activity::surface,
                        activity::operation,
                        activity::outcome,
                        activity::status,
                        activity::error_code,
                        activity::rows_returned,
                        activity::credits_spent,
                    ))
                    .load(conn)?)
            })
            .await
            .unwrap()
    }

    /// Audit entries of an action, oldest first.
    pub async fn audited(&self, action: &'static str) -> Vec<Entry> {
        self.ctx
            .db
            .read(move |conn| {
                Ok(audit::table
                    .filter(audit::action.eq(action))
                    .order(audit::id.asc())
                    .select((
                        audit::actor,
                        audit::target,
                        audit::outcome,
                        audit::address,
                        audit::request_id,
                        audit::detail,
                    ))
                    .load(conn)?)
            })
            .await
            .unwrap()
    }

    /// The plain text of the last mail to somebody.
    pub async fn last_mail_to(&self, email: &str) -> String {
        let email = email.to_owned();
        self.ctx
            .db
            .read(move |conn| {
                Ok(outbox::table
                    .filter(outbox::recipient.eq(email))
                    .order(outbox::id.desc())
                    .select(outbox::plain_text)
                    .first(conn)?)
            })
            .await
            .unwrap()
    }
}
