//! System → Data → Store index (contract §5): files are imported through the page with the same
//! report as at the command line, and every import is in the history.

use std::io::Write;

use portcullis::service::import::upload;
use serde_json::{Value, json};

use crate::support::browser::Page;
use crate::support::fixture::{STORES, stores_csv};
use crate::support::upload::INDEX;
use crate::support::{ADMIN, AUDITOR, Browser, MEMBER, TestApp, both_databases, html, on_sqlite};

/// Uploads a file and waits until its import has ended: the page that tells what became of it.
pub(super) async fn import(
    app: &TestApp,
    browser: &Browser,
    what: &str,
    (name, content): (&str, &[u8]),
    strict: bool,
) -> Page {
    let answer = browser.upload(what, name, content, strict).await;
    assert_eq!(answer.status, 303, "{}", html::text(&answer.text));
    upload::settle(&app.ctx).await;
    let page = browser.get(answer.header("location")).await;
    assert_eq!(page.status, 200);
    page
}

/// The counts as the page of an import tells them.
pub(super) fn counts(page: &Page) -> String {
    let text = html::text(&page.text);
    let from = text.find(" Read ").unwrap();
    let to = text[from..].find("Rejected ").unwrap() + from;
    let rejected = text[to..].split(' ').nth(1).unwrap();
    format!("{}Rejected {rejected}", &text[from + 1..to])
}

fn gz(text: &str) -> Vec<u8> {
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap()
}

const CONTACTS: &str = "{\"external_id\":\"c1\",\"first_name\":\"Ann\",\"email\":\"ann@shop.example\"}\n\
                        {\"external_id\":\"c2\",\"first_name\":\"Bob\"}\n";

both_databases! {
    async fn stores_and_contacts_are_imported_and_a_second_upload_changes_nothing(app) {
        let admin = app.admin().await;
        let csv = stores_csv().replace("Shop 7,", "Shop seven,") + "new.example,New,shopify,US,gifts,5,\n";
        let page = import(app, &admin, "stores", ("stores.csv", csv.as_bytes()), false).await;
        let text = html::text(&page.text);
        assert!(text.contains("Finished") && !text.contains("has arrived"), "{text}");
        assert_eq!(counts(&page), "Read 61 New 1 Updated 1 Unchanged 59 Repeated an earlier key 0 Rejected 0");
        let page = import(app, &admin, "stores", ("stores.csv.gz", &gz(&csv)), false).await;
        assert_eq!(counts(&page), "Read 61 New 0 Updated 0 Unchanged 61 Repeated an earlier key 0 Rejected 0");
        let page = import(app, &admin, "contacts", ("people.jsonl", CONTACTS.as_bytes()), true).await;
        assert_eq!(counts(&page), "Read 2 New 2 Updated 0 Unchanged 0 Repeated an earlier key 0 Rejected 0");
        let twice = CONTACTS.to_owned() + CONTACTS;
        let page = import(app, &admin, "contacts", ("people", &gz(&twice)), false).await;
        assert_eq!(counts(&page), "Read 4 New 0 Updated 0 Unchanged 2 Repeated an earlier key 2 Rejected 0");

        let index = html::text(&admin.get(INDEX).await.text);
        assert!(index.contains("Stores 61 Contacts 2 Last import people , 0 rejected just now"), "{index}");
    }

    /// Whoever sends a small file sees its report at once, with the lines that were rejected.
    async fn a_small_file_answers_with_its_report(app) {
        let admin = app.admin().await;
        let lines = b"domain,category\ngood.example,home_garden\nbad domain,food-drink\n";
        let answer = admin.upload("stores", "six.csv", lines, false).await;
        assert_eq!(answer.status, 303);
        let page = admin.get(answer.header("location")).await;
        let text = html::text(&page.text);
        assert!(text.contains("Finished") && text.contains("1 line was rejected"), "{text}");
        assert!(!page.text.contains("data-going"), "what has ended is not asked for again");
        let index = html::text(&admin.get(INDEX).await.text);
        assert!(index.contains("Last import six.csv , 1 rejected just now"), "{index}");
        let kept = app.count("SELECT count(*) FROM stores WHERE domain = 'good.example' AND category = 'home-garden'").await;
        assert_eq!(kept, 1, "one category has one spelling");
        let found = admin.get(&format!("{INDEX}?category=home_garden&q=good")).await;
        assert!(found.text.contains("good.example"), "and is found by either");
    }

    async fn every_import_is_in_the_history_and_in_the_audit_log(app) {
        let admin = app.admin().await;
        let page = import(app, &admin, "contacts", ("people.jsonl", CONTACTS.as_bytes()), true).await;
        assert!(html::text(&page.text).contains(ADMIN.email));
        let index = html::text(&admin.get(INDEX).await.text);
        assert!(index.contains("2 imports"), "the fixture's own came from the command line: {index}");
        assert!(index.contains(&format!("stores.csv stores, all or nothing just now for under a second operator (command line) Finished {STORES} {STORES} 0 0 0 0")), "{index}");
        assert!(index.contains(&format!("people.jsonl contacts, all or nothing just now for under a second {} Finished 2 2 0 0 0 0", ADMIN.email)), "{index}");
        let entries = app.audited("imported").await;
        let entry = entries.last().unwrap();
        assert_eq!((entry.actor.as_str(), entry.outcome.as_str(), entry.target.as_deref()), (ADMIN.email, "ok", Some("contacts")));
        assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
        assert!(entry.request_id.is_some());
        let detail = entry.detail();
        assert_eq!((&detail["file"], &detail["inserted"], &detail["rejected"]), (&json!("people.jsonl"), &json!(2), &json!(0)));
    }

    async fn wrong_lines_are_told_and_can_be_downloaded_for_a_week(app) {
        let admin = app.admin().await;
        let csv = "domain,country\ngood.example,US\nbad domain,US\nfine.example,USA\n";
        let page = import(app, &admin, "stores", ("mixed.csv", csv.as_bytes()), false).await;
        assert_eq!(counts(&page), "Read 3 New 1 Updated 0 Unchanged 0 Repeated an earlier key 0 Rejected 2");
        let text = html::text(&page.text);
        assert!(text.contains("2 lines were rejected"), "{text}");
        assert!(text.contains("Line 4 country takes two-letter codes, like US"), "{text}");
        let link = page.text.split("href=\"").find(|part| part.contains("/rejected\"")).unwrap().split('"').next().unwrap();
        let file = admin.get(link).await;
        assert_eq!(file.status, 200);
        assert_eq!(file.header("content-type"), "text/csv");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"rejected.csv\"");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.text.lines().collect::<Vec<_>>(), [
            "domain,country,problem",
            "bad domain,US,\"line 3: domain: is not a domain name\"",
            "fine.example,USA,\"line 4: country: takes two-letter codes, like US\"",
        ]);
        // Mended as it is, with what was wrong still beside it.
        let mended = file.text.replace("bad domain", "good-domain.example").replace("USA", "US");
        let again = import(app, &admin, "stores", ("rejected.csv", mended.as_bytes()), true).await;
        assert_eq!(counts(&again), "Read 2 New 2 Updated 0 Unchanged 0 Repeated an earlier key 0 Rejected 0");
        let lines = "{\"domain\":\"a.example\",\"country\":\"USA\"}\n";
        let page = import(app, &admin, "stores", ("lines.jsonl", lines.as_bytes()), false).await;
        let of_lines = page.text.split("href=\"").find(|part| part.contains("/rejected\"")).unwrap().split('"').next().unwrap();
        let file = admin.get(of_lines).await;
        assert_eq!(file.header("content-type"), "application/x-ndjson");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"rejected.jsonl\"");
        let told: Value = serde_json::from_str(&file.text).unwrap();
        assert_eq!((&told["line"], &told["text"]), (&json!(1), &json!(lines.trim_end())));

        upload::purge(&app.ctx).await.unwrap();
        assert_eq!(admin.get(link).await.status, 200);
        app.clock.advance(7 * 86_400 + 1);
        upload::purge(&app.ctx).await.unwrap();
        let admin = app.admin().await;
        assert_eq!(admin.get(link).await.status, 404);
        let page = admin.get(link.strip_suffix("/rejected").unwrap()).await;
        assert!(!page.text.contains("/rejected\"") && page.text.contains("country"), "the report stays");
    }

    async fn all_or_nothing_changes_nothing_and_says_why(app) {
        let admin = app.admin().await;
        let csv = "domain,country\nnew.example,US\nfine.example,USA\n";
        let page = import(app, &admin, "stores", ("mixed.csv", csv.as_bytes()), true).await;
        let text = html::text(&page.text);
        assert!(text.contains("Failed"), "{text}");
        assert!(text.contains("mixed.csv: line 3: country: takes two-letter codes, like US. Nothing was changed."), "{text}");
        assert_eq!(app.count("SELECT count(*) FROM stores").await, STORES as i64);
        let entries = app.audited("imported").await;
        let outcomes: Vec<_> = entries.iter().map(|entry| entry.outcome.as_str()).collect();
        assert_eq!(outcomes, ["ok", "error"], "the fixture's own, and that this one failed");
        let page = import(app, &admin, "stores", ("mixed.csv", csv.as_bytes()), false).await;
        assert!(html::text(&page.text).contains("Finished"), "one that failed makes room for the next");
    }

    /// One at a time, over all replicas; one whose process has died makes room by itself.
    async fn a_second_import_waits_and_an_interrupted_one_does_not_block(app) {
        let admin = app.admin().await;
        let now = app.clock.now().0;
        app.sql(format!(
            "INSERT INTO imports (id, entity, file_name, strict, actor, state, started_at, beat_at, to_write, lines_read, \
             inserted, updated, unchanged, repeated, rejected, problems) VALUES (77, 'stores', 'big.csv', {}, 'olga', 'running', \
             {now}, {now}, 5000, 6000, 1200, 0, 0, 0, 0, '[]')",
            if app.backend == crate::support::database::Backend::Sqlite { "0" } else { "FALSE" },
        )).await;
        let token = admin.form_token().await;
        let page = admin.get(INDEX).await;
        assert!(html::text(&page.text).contains("big.csv is being imported by olga"), "{}", page.text);
        assert!(!page.text.contains("type=\"file\""), "no form that would be refused");
        let running = admin.get("/admin/index/imports/77").await;
        assert!(running.text.contains("data-going") && running.text.contains("Show the latest state"), "it is asked for again, by hand too");
        let progress = html::text(&running.text);
        assert!(progress.contains("Running") && progress.contains("1,200 of 5,000 rows"), "{progress}");

        use crate::support::upload::Part;
        let send = async |browser: &Browser, token: &str| {
            browser.send_parts(&[Part::Field("csrf", token), Part::Field("what", "stores"), Part::File("file", "s.csv", b"domain\nnew.example\n")]).await
        };
        let refused = send(&admin, &token).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(html::text(&refused.text).contains("Another import is running (stores from big.csv, by olga)"), "{}", refused.text);
        assert_eq!(app.count("SELECT count(*) FROM imports").await, 2);

        app.clock.advance(31);
        let interrupted = admin.get("/admin/index/imports/77").await;
        assert!(!interrupted.text.contains("data-going"));
        let text = html::text(&interrupted.text);
        assert!(text.contains("Interrupted") && text.contains("import the file again to complete it"), "{text}");
        assert_eq!(send(&admin, &token).await.status, 303);
        upload::settle(&app.ctx).await;
        assert_eq!(app.count("SELECT count(*) FROM imports WHERE state = 'interrupted' AND id = 77").await, 1);
        let told: Vec<_> = app.audited("imported").await.into_iter().filter(|entry| entry.detail()["import"] == 77).collect();
        assert_eq!((told.len(), told[0].actor.as_str(), told[0].outcome.as_str()), (1, "system", "error"), "its end is written down, once");
        assert_eq!(app.count("SELECT count(*) FROM stores WHERE domain = 'new.example'").await, 1);
    }
}

on_sqlite! {
    async fn who_may_look_sees_the_history_and_who_may_not_import_cannot(app) {
        let admin = app.admin().await;
        let csv = b"domain\nnot a domain\n";
        let page = import(app, &admin, "stores", ("bad.csv", csv), false).await;
        assert!(page.text.contains("/rejected\""));
        let auditor = app.signed_in(AUDITOR).await;
        let index = auditor.get(INDEX).await;
        assert_eq!(index.status, 200);
        assert!(index.text.contains("bad.csv") && !index.text.contains("type=\"file\""));
        let own = index.text.split("href=\"/admin/index/imports/").nth(1).unwrap().split('"').next().unwrap();
        let page = auditor.get(&format!("{INDEX}/imports/{own}")).await;
        assert!(page.status == 200 && !page.text.contains("/rejected\""));
        assert_eq!(auditor.get(&format!("{INDEX}/imports/{own}/rejected")).await.status, 403);
        let member = app.signed_in(MEMBER).await;
        for path in [INDEX.to_owned(), format!("{INDEX}/imports/{own}")] {
            assert_eq!(member.get(&path).await.status, 403, "{path}");
        }
        assert!(!member.get("/dashboard").await.text.contains("Store index"));
        assert!(auditor.get("/dashboard").await.text.contains("Store index"));
    }

    async fn the_history_has_pages(app) {
        for id in 100..130 {
            app.sql(format!(
                "INSERT INTO imports (id, entity, file_name, strict, actor, state, started_at, beat_at, ended_at, lines_read, \
                 inserted, updated, unchanged, repeated, rejected, problems) VALUES ({id}, 'stores', 'f{id}.csv', 0, 'ann', \
                 'finished', 1000, 1000, 62500, 1, 1, 0, 0, 0, 0, '[]')"
            )).await;
        }
        let admin = app.admin().await;
        let first = html::text(&admin.get(INDEX).await.text);
        assert!(first.contains("31 imports") && first.contains("f129.csv") && !first.contains("f109.csv"), "{first}");
        assert!(first.contains("1 min 1 s"), "{first}");
        let second = html::text(&admin.get(&format!("{INDEX}?page=2")).await.text);
        assert!(second.contains("f109.csv") && second.contains("stores.csv") && !second.contains("f110.csv"), "{second}");
        let all = admin.get(&format!("{INDEX}?page_size=50")).await;
        assert!(all.text.contains("f129.csv") && all.text.contains("f100.csv"));
        let beyond = admin.get(&format!("{INDEX}?page=9")).await;
        assert!(html::text(&beyond.text).contains("There is no page 9"));
        assert_eq!(admin.get(&format!("{INDEX}?page_size=7")).await.status, 400);
    }
}
