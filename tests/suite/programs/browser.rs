//! The console and the consent page in a real browser.

use super::{House, installed};
use crate::support::programs;

#[actix_web::test]
async fn the_console_works_for_mouse_keyboard_and_without_script_and_axe_finds_nothing() {
    let node = programs::node().zip(programs::node_modules());
    let Some(((node, modules), chromium)) = installed(node.zip(programs::browser())) else {
        return;
    };
    let environment = [
        ("PORTCULLIS_TEST_NODE_MODULES", modules.as_path()),
        ("PORTCULLIS_TEST_CHROMIUM", chromium.as_path()),
    ];
    House::open().await.admit(&node, "browser.mjs", &environment).await;
}
