//! The console and the consent page in a real browser.

use super::{House, installed};
use crate::support::programs;

#[actix_web::test]
async fn the_console_works_for_mouse_keyboard_and_without_script_and_axe_finds_nothing() {
    walk("browser.mjs").await;
}

/// Rows: E14, E15, E23
#[actix_web::test]
async fn the_way_back_from_the_consent_page_arrives_by_mouse_keyboard_and_without_script() {
    walk("consent.mjs").await;
}

#[actix_web::test]
async fn the_main_screens_read_as_they_did() {
    walk("snapshots.mjs").await;
}

#[actix_web::test]
async fn the_main_screens_hold_in_forced_colours_at_200_percent_and_on_paper() {
    walk("looks.mjs").await;
}

async fn walk(program: &str) {
    let node = programs::node().zip(programs::node_modules());
    let Some(((node, modules), chromium)) = installed(node.zip(programs::browser())) else {
        return;
    };
    let environment = [
        ("PORTCULLIS_TEST_NODE_MODULES", modules.as_path()),
        ("PORTCULLIS_TEST_CHROMIUM", chromium.as_path()),
    ];
    House::open().await.admit(&node, program, &environment).await;
}
