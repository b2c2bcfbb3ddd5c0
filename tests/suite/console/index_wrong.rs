//! Uploads that are no imports: each is refused in words, changes nothing, and is never our fault.

use std::io::Write;

use portcullis::domain::access::Permission;

use super::index_upload::{counts, import};
use crate::support::database::Backend;
use crate::support::upload::{INDEX, Part};
use crate::support::{AUDITOR, Browser, TestApp, html, on_sqlite};

async fn token(browser: &Browser) -> String {
    browser.get(INDEX).await.hidden(INDEX).into_iter().find(|(name, _)| name == "csrf").unwrap().1
}

async fn imports(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM imports WHERE actor_id IS NOT NULL").await
}

const FILE: Part<'static> = Part::File("file", "s.csv", b"domain\nnew.example\n");

on_sqlite! {
    /// ASVS 3.5.1: the token is looked at before the file is.
    async fn a_form_without_its_token_or_with_the_token_last_is_refused(app) {
        let admin = app.admin().await;
        let right = token(&admin).await;
        let what = Part::Field("what", "stores");
        for parts in [
            vec![what, FILE],
            vec![Part::Field("csrf", "made up"), Part::Field("what", "stores"), FILE],
            vec![Part::Field("what", "stores"), FILE, Part::Field("csrf", &right)],
            vec![],
        ] {
            let answer = admin.send_parts(&parts).await;
            assert_eq!(answer.status, 403, "{}", answer.text);
            assert!(answer.text.contains("form_expired"), "{}", answer.text);
        }
        assert_eq!(imports(app).await, 0);
        let other = app.admin().await;
        let answer = other.send_parts(&[Part::Field("csrf", &right), Part::Field("what", "stores"), FILE]).await;
        assert_eq!(answer.status, 403, "another session's token");
    }

    async fn a_role_without_the_permission_cannot_send_a_file(app) {
        let auditor = app.signed_in(AUDITOR).await;
        let token = auditor.form_token().await;
        let answer = auditor.send_parts(&[Part::Field("csrf", &token), Part::Field("what", "stores"), FILE]).await;
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains("permission_denied"), "{}", answer.text);
        assert_eq!(imports(app).await, 0);
        assert!(portcullis::app::ROUTES.iter().any(|route| route.path == INDEX
            && route.access == portcullis::app::Access::With(Permission::ManageIndex)));
    }

    async fn what_is_missing_is_said_at_its_field(app) {
        let admin = app.admin().await;
        let csrf = token(&admin).await;
        let csrf = || Part::Field("csrf", &csrf);
        for (parts, field, words) in [
            (vec![csrf(), Part::Field("what", "stores")], "file", "choose a file"),
            (vec![csrf(), Part::Field("what", "stores"), Part::File("file", "", b"")], "file", "choose a file"),
            (vec![csrf(), Part::Field("what", "stores"), Part::File("file", "e.csv", b"")], "file", "e.csv is empty"),
            (vec![csrf(), Part::Field("what", "people"), FILE], "what", "choose stores or contacts"),
            (vec![csrf(), FILE], "what", "choose stores or contacts"),
        ] {
            let answer = admin.send_parts(&parts).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert!(answer.text.contains(&format!("id=\"{field}-error\"")), "{field}: {}", answer.text);
            assert!(html::text(&answer.text).contains(words), "{words}");
        }
        let long = "x".repeat(5_000);
        let answer = admin.send_parts(&[csrf(), Part::Field("what", &long), FILE]).await;
        assert_eq!(answer.status, 413);
        let broken = admin.request("POST", INDEX).header("Content-Type", "multipart/form-data; boundary=x").body("--x\r\nnonsense").send().await.unwrap();
        assert!((400..500).contains(&broken.status().as_u16()));
        assert_eq!(imports(app).await, 0);
    }

    async fn what_is_no_import_is_told_and_changes_nothing(app) {
        let admin = app.admin().await;
        let before = app.count("SELECT count(*) FROM stores").await;
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".as_slice();
        let mut cut = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        cut.write_all(&b"domain\nnew.example\n".repeat(99)).unwrap();
        let cut = cut.finish().unwrap();
        for (name, content, words) in [
            ("book.xlsx", b"PK\x03\x04rest".as_slice(), "it is a ZIP or Excel file; save it as CSV"),
            ("wide.csv", b"\xff\xfed\0o\0", "UTF-16 text; save it as UTF-8"),
            ("logo.png", png, "header"),
            ("cut.csv.gz", &cut[..cut.len() / 2], "cannot be read"),
            ("other.csv", b"name|domain\nA|a.example\n", "header"),
            ("people.csv", b"External ID;Title\n1;Head\n", "it is of contacts and not of stores"),
        ] {
            let page = import(app, &admin, "stores", (name, content), false).await;
            let text = html::text(&page.text);
            assert!(text.contains("Failed") && text.contains(words) && text.contains("Nothing was changed"), "{name}: {text}");
        }
        let page = import(app, &admin, "stores", ("head.csv", b"domain,name\n"), false).await;
        assert!(html::text(&page.text).contains("There are no rows in this file"), "{}", page.text);
        let page = import(app, &admin, "stores", ("noise.jsonl", png), false).await;
        assert!(counts(&page).contains("New 0"), "{}", page.text);
        assert_eq!(app.count("SELECT count(*) FROM stores").await, before);
    }

    async fn a_name_or_a_line_from_a_file_is_text_on_the_page(app) {
        let admin = app.admin().await;
        let csv = b"{\"domain\":\"a.example\",\"<script>x</script>\":1}\n";
        let page = import(app, &admin, "stores", ("<img src=x>.jsonl", csv), false).await;
        assert!(!page.text.contains("<script>x") && !page.text.contains("<img"), "{}", page.text);
        assert!(html::text(&page.text).contains("<script>x</script>"));
    }
}

/// The bounds: the file itself, and what it holds when it is unpacked.
#[actix_web::test]
async fn a_file_that_is_too_large_is_refused_packed_or_not() {
    let app = TestApp::on(Backend::Sqlite, &[("IMPORT_UPLOAD_MIB", "1")]).await;
    let admin = app.admin().await;
    let large = b"domain\n".repeat(200_000);
    let answer = admin.upload("stores", "large.csv", &large, false).await;
    assert_eq!(answer.status, 413);
    assert!(html::text(&answer.text).contains("large.csv is larger than 1 MiB"), "{}", answer.text);
    assert_eq!(imports(&app).await, 0);
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(b"domain\n").unwrap();
    for _ in 0..9 {
        bomb.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    }
    let page =
        import(&app, &admin, "stores", ("bomb.csv.gz", &bomb.finish().unwrap()), false).await;
    let text = html::text(&page.text);
    assert!(
        text.contains("it holds more text than may be imported at once. Nothing was changed."),
        "{text}"
    );
    app.stop().await;
}
