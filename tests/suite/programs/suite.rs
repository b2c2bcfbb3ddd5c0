//! The protocol's conformance suite, its part for servers.

use std::path::Path;

use super::{Call, installed};
use crate::support::conformance::Conformance;
use crate::support::{PASSWORD, TestApp, programs};

/// Rows: G1, G2, G3
#[actix_web::test]
async fn the_conformance_sets_pass_through_gate_and_transport() {
    let app = TestApp::sqlite().await;
    let fixture = Conformance::over(&app.ctx);
    admit(&app, &fixture.base, "conformance_sets.mjs").await;
    fixture.stop().await;
    app.stop().await;
}

/// Rows: G4
#[actix_web::test]
async fn the_conformance_scenarios_without_fixtures_pass_the_product() {
    let app = TestApp::sqlite().await;
    admit(&app, &app.base, "conformance_own.mjs").await;
    app.stop().await;
}

/// Runs a program against a server that knows the tokens of an application.
async fn admit(app: &TestApp, base: &str, program: &str) {
    let Some((node, modules)) = installed(programs::node().zip(programs::node_modules())) else {
        return;
    };
    let client = app.ai_client("stores:read usage:read").await;
    let environment = [
        ("PORTCULLIS_TEST_NODE_MODULES", modules.as_path()),
        ("ACCESS_TOKEN", Path::new(&client.access_token)),
        ("KNOWN_AS", Path::new(app.host())),
    ];
    let call = Call { interpreter: &node, program, base, environment: &environment };
    call.run(|_| PASSWORD.to_owned(), |what| unreachable!("nobody answers {what}")).await;
}
