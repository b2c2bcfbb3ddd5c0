//! Cursors: whatever is changed about one, it is refused, never misread (contract §7).

use portcullis::domain::filter::{StoreFilter, StoreSort};
use portcullis::error::ErrorCode;
use portcullis::service::index;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{MEMBER, on_sqlite};

on_sqlite! {
    async fn a_cursor_that_was_tampered_with_is_refused(app) {
        let user = app.id_of(MEMBER).await;
        let page = |cursor: Option<String>| async move {
            index::search_stores(&app.ctx.db, &app.ctx.config.secret, user, StoreFilter::default(),
                StoreSort::TrafficDesc, 5, cursor.as_deref()).await
        };
        let cursor = page(None).await.unwrap().next_cursor.unwrap();
        assert!(page(Some(cursor.clone())).await.is_ok());
        let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
        let changes = prop_oneof![
            // One character replaced, the end cut off, something added, anything at all.
            (any::<prop::sample::Index>(), "[A-Za-z0-9_.=-]").prop_map({
                let cursor = cursor.clone();
                move |(place, to)| {
                    let mut changed = cursor.clone();
                    let at = place.index(changed.len());
                    changed.replace_range(at..=at, &to);
                    changed
                }
            }),
            any::<prop::sample::Index>().prop_map({
                let cursor = cursor.clone();
                move |place| cursor[..place.index(cursor.len())].to_owned()
            }),
            "[A-Za-z0-9_.=-]{1,10}".prop_map({
                let cursor = cursor.clone();
                move |tail| format!("{cursor}{tail}")
            }),
            "\\PC{0,80}",
        ];
        for _ in 0..200 {
            let changed = changes.new_tree(&mut runner).unwrap().current();
            if changed == cursor {
                continue;
            }
            let refused = page(Some(changed.clone())).await;
            assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidCursor, "{changed}");
        }
    }
}
