//! The REST API (contract §8): its calls, its errors, its description, and its keys.

mod calls;
mod description;
mod errors;
mod keys;
mod reference;
mod spending;

use portcullis::api::{OPERATIONS, Operation, document};
use portcullis::domain::tool::Tool;
use portcullis::ids::UserId;
use serde_json::{Value, json};

use crate::support::ai_client::Answer;
use crate::support::{TestApp, contacts};

/// The operation behind a tool.
fn operation(tool: Tool) -> &'static Operation {
    OPERATIONS.iter().find(|operation| operation.tool == tool).unwrap()
}

/// Plans that give enough of everything.
async fn plenty(app: &TestApp) {
    app.sql(
        "UPDATE plans SET api_access = (1 = 1), requests_per_minute = 100000, requests_per_day = 100000, \
         rows_per_month = 100000, credits_per_month = 1000",
    )
    .await;
}

/// Contacts whose channels are safe, by their ids.
async fn safe_contacts(app: &TestApp, count: usize) -> Vec<String> {
    contacts::add(app, count * contacts::STATUSES.len()).await;
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let sql = "SELECT public_id AS text FROM contacts WHERE email_status = 'valid' ORDER BY id";
    let rows: Vec<Row> = app
        .ctx
        .db
        .read(move |conn| Ok(diesel::RunQueryDsl::load(diesel::sql_query(sql), conn)?))
        .await
        .unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

/// The person whose the last call was, with what was written down of it.
async fn last_call(app: &TestApp, column: &str) -> i64 {
    app.count(format!("SELECT {column} FROM activity ORDER BY id DESC LIMIT 1")).await
}

async fn spent(app: &TestApp, user: UserId) -> i64 {
    app.count(format!(
        "SELECT COALESCE(SUM(credits_spent), 0) FROM activity WHERE user_id = {user}"
    ))
    .await
}

/// The description of the API, as what answers are held to.
struct Description(Value);

impl Description {
    fn of(app: &TestApp) -> Self {
        let mut document = document(&app.base);
        // What is not described is not answered either.
        close(&mut document["components"]["schemas"]);
        Self(document)
    }

    /// Holds an answer to what is said of its operation.
    fn hold(&self, operation: &Operation, answer: &Answer) {
        let what =
            format!("{} {}: {} {}", operation.method, operation.path, answer.status, answer.text);
        let method = operation.method.to_lowercase();
        let told =
            &self.0["paths"][operation.path][&method]["responses"][answer.status.to_string()];
        assert!(told.is_object(), "a status that is not described: {what}");
        assert_eq!(answer.header("content-type"), "application/json", "{what}");
        for (name, header) in told["headers"].as_object().unwrap() {
            let value = answer.header(name);
            assert!(!value.is_empty(), "{name} is missing: {what}");
            let value = match header["schema"]["type"].as_str() {
                Some("integer") => json!(value.parse::<i64>().unwrap()),
                _ => json!(value),
            };
            self.check(&header["schema"], &value, &what);
        }
        self.check(&told["content"]["application/json"]["schema"], &answer.json, &what);
    }

    fn check(&self, schema: &Value, value: &Value, what: &str) {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        if let Err(error) = validator.validate(value) {
            unreachable!("{error} at {}: {what}", error.instance_path());
        }
    }
}

/// Takes away what a schema leaves open.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        _ => {}
    }
}
