//! The protocol's own programs, and a library that takes OAuth by its letter.

use super::{House, installed};
use crate::support::programs;

/// Rows: G5
#[actix_web::test]
async fn the_conformance_suite_passes_the_authorization_server() {
    admit("conformance.mjs").await;
}

/// Rows: G10
#[actix_web::test]
async fn the_inspector_works_in_both_eras_and_finds_the_tools_portable() {
    admit("inspector.mjs").await;
}

/// Rows: C11, C13, D1, D4, D7, D8, D10, E8, F2, F17, F18, F24, F25
#[actix_web::test]
async fn a_strict_oauth_library_lives_through_a_whole_connection() {
    admit("strict_oauth.mjs").await;
}

async fn admit(program: &str) {
    let Some((node, modules)) = installed(programs::node().zip(programs::node_modules())) else {
        return;
    };
    let environment = [("PORTCULLIS_TEST_NODE_MODULES", modules.as_path())];
    House::open().await.admit(&node, program, &environment).await;
}
