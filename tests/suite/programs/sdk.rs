//! The main loop with the SDKs that most AI clients are made of.

use super::{House, installed};
use crate::support::programs;

#[actix_web::test]
async fn the_python_client_lives_through_the_main_loop() {
    let Some(python) = installed(programs::python()) else { return };
    House::open().await.admit(&python, "main_loop.py", &[]).await;
}

#[actix_web::test]
async fn the_typescript_client_lives_through_the_main_loop() {
    let Some((node, modules)) = installed(programs::node().zip(programs::node_modules())) else {
        return;
    };
    let environment = [("PORTCULLIS_TEST_NODE_MODULES", modules.as_path())];
    House::open().await.admit(&node, "main_loop.mjs", &environment).await;
}
