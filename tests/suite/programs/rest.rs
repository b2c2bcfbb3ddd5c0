//! The REST API's description, tried by a program that knows nothing else of it.

use std::path::Path;

use super::{Call, installed};
use crate::support::api_client::{ALL, key_of};
use crate::support::{MEMBER, PASSWORD, TestApp, contacts, programs};

#[actix_web::test]
async fn schemathesis_finds_no_fault_and_nothing_undescribed() {
    let Some(python) = installed(programs::python()) else { return };
    let app = TestApp::sqlite().await;
    contacts::add(&app, 30).await;
    app.sql("UPDATE plans SET requests_per_minute = 1000000, requests_per_day = 1000000, rows_per_month = 1000000")
        .await;
    let key = key_of(&app, MEMBER, ALL).await;
    let environment = [("API_KEY", Path::new(&key))];
    let program = "schemathesis_run.py";
    let call = Call { interpreter: &python, program, base: &app.base, environment: &environment };
    call.run(|_| PASSWORD.to_owned(), |what| unreachable!("nobody answers {what}")).await;
    app.stop().await;
}
