//! `/openapi.json`: whole, true to the route table, and with examples that hold.

use std::collections::BTreeSet;

use portcullis::api::{OPERATIONS, document};
use portcullis::app::{Access, ROUTES};
use portcullis::domain::tool::TOOLS;
use serde_json::Value;

use super::Description;
use crate::support::on_sqlite;

on_sqlite! {
    async fn it_is_served_to_anybody_and_names_this_server(app) {
        let page = app.anonymous().get("/openapi.json").await;
        assert_eq!((page.status, page.header("content-type")), (200, "application/json"));
        let told: Value = serde_json::from_str(&page.text).unwrap();
        assert_eq!(told, document(&app.base));
        assert_eq!((told["openapi"].as_str(), told["servers"][0]["url"].as_str()), (Some("3.1.0"), Some(app.base.as_str())));
    }

    async fn every_example_is_valid(app) {
        let description = Description::of(app);
        let mut seen = 0;
        for operation in &OPERATIONS {
            let told = &description.0["paths"][operation.path][operation.method.to_lowercase()];
            let body = &told["requestBody"]["content"]["application/json"];
            if operation.has_body() {
                description.check(&body["schema"], &body["example"], operation.path);
            }
            for parameter in told["parameters"].as_array().unwrap() {
                description.check(&parameter["schema"], &parameter["example"], operation.path);
            }
            for (status, response) in told["responses"].as_object().unwrap() {
                let media = &response["content"]["application/json"];
                let one = media.get("example").into_iter();
                let more = media["examples"].as_object().into_iter().flat_map(|all| all.values().map(|example| &example["value"]));
                for example in one.chain(more) {
                    description.check(&media["schema"], example, &format!("{} {status}", operation.path));
                    seen += 1;
                }
            }
        }
        assert!(seen > 80, "{seen}");
    }
}

#[test]
fn every_operation_is_a_route_and_every_tool_an_operation() {
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| route.access == Access::Key)
        .map(|route| (route.method, route.path))
        .collect();
    let operations: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
    assert_eq!(routes, operations);
    for row in &TOOLS {
        let named = OPERATIONS.iter().filter(|operation| operation.tool == row.tool).count();
        assert_eq!(named, 1, "{}", row.name);
    }
}
