//! The main loop with the SDKs that most AI clients are made of.

use std::path::Path;

use super::{Call, House, installed};
use crate::support::{PASSWORD, TestApp, programs};

/// Rows: G11
#[actix_web::test]
async fn the_python_client_lives_through_the_main_loop() {
    let Some(python) = installed(programs::python()) else { return };
    House::open().await.admit(&python, "main_loop.py", &[]).await;
}

/// Rows: G11
#[actix_web::test]
async fn the_typescript_clients_live_through_the_main_loop() {
    let Some((node, modules)) = installed(programs::node().zip(programs::node_modules())) else {
        return;
    };
    let environment = [("PORTCULLIS_TEST_NODE_MODULES", modules.as_path())];
    House::open().await.admit(&node, "main_loop.mjs", &environment).await;
}

/// Rows: G11
#[actix_web::test]
async fn the_python_client_steps_up_and_lives_through_expiry() {
    let Some(python) = installed(programs::python()) else { return };
    as_time_passes(&python, "step_up.py", &[]).await;
}

/// Rows: G11
#[actix_web::test]
async fn the_typescript_clients_step_up_and_live_through_expiry() {
    let Some((node, modules)) = installed(programs::node().zip(programs::node_modules())) else {
        return;
    };
    let environment = [("PORTCULLIS_TEST_NODE_MODULES", modules.as_path())];
    as_time_passes(&node, "step_up.mjs", &environment).await;
}

/// Runs a program against the application in this process, whose clock goes on when it asks.
async fn as_time_passes(interpreter: &Path, program: &str, environment: &[(&str, &Path)]) {
    let app = TestApp::sqlite().await;
    let clock = app.clock.clone();
    let call = Call { interpreter, program, base: &app.base, environment };
    call.run(
        |_| PASSWORD.to_owned(),
        move |what| clock.advance(what.strip_prefix("advance ").unwrap().parse().unwrap()),
    )
    .await;
    app.stop().await;
}
