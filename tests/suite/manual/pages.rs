//! The pages: there for everybody, in both forms, the same on every request.

use std::collections::BTreeSet;

use portcullis::console::clients_config::CLIENTS;
use portcullis::console::manual::PAGES;

use crate::support::{TestApp, html, on_sqlite};

/// What the files say where a server says its own address.
const EXAMPLE: &str = "https://gate.example.com";

#[test]
fn every_file_of_the_manual_is_a_page_and_the_index_lists_them() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str().unwrap().strip_suffix(".md").map(str::to_owned)
        })
        .filter(|name| name != "README")
        .collect();
    let pages: BTreeSet<String> = PAGES.iter().map(|page| page.slug.to_owned()).collect();
    assert_eq!(files, pages, "src/console/manual/pages.rs lists what is in docs/");
    let index = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    for page in PAGES {
        let title = page.text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let line = format!("| [{title}]({}.md) | {} |\n", page.slug, page.summary);
        assert!(index.contains(&line), "docs/README.md lacks: {line}");
    }
}

/// Whoever reads the manual runs a shop or a server: where a page comes from is said in ARCHITECTURE.md.
#[test]
fn no_page_speaks_to_whoever_changes_the_program() {
    for page in PAGES {
        for hint in ["UPDATE_DOCS", "cargo test", "`src/", "(src/"] {
            assert!(!page.text.contains(hint), "{}: {hint}", page.slug);
        }
    }
}

/// The page about clients and the tabs of the console say the same.
#[test]
fn the_page_about_clients_has_every_command_and_file_of_the_console() {
    let page = PAGES.iter().find(|page| page.slug == "connect").unwrap().text;
    for client in &CLIENTS {
        let guide = (client.guide)(&format!("{EXAMPLE}/mcp"));
        for text in guide.command.iter().chain([&guide.manual.text]) {
            assert!(page.contains(&format!("\n{text}\n```")), "{}: {text}", client.slug);
        }
    }
}

on_sqlite! {
    async fn everybody_reads_it_as_a_page_and_as_markdown(app) {
        for browser in [app.anonymous(), app.member().await] {
            let contents = browser.get("/docs").await;
            assert_eq!(contents.status, 200);
            for page in PAGES {
                let title = page.text.lines().next().unwrap().strip_prefix("# ").unwrap();
                assert!(contents.text.contains(&format!("href=\"/docs/{}\"", page.slug)));
                let shown = browser.get(&format!("/docs/{}", page.slug)).await;
                assert_eq!(shown.status, 200, "{}", page.slug);
                assert!(shown.header("content-type").starts_with("text/html"));
                assert_eq!(shown.text.matches("<h1").count(), 1, "{}", page.slug);
                assert!(html::text(&shown.text).contains(title), "{}", page.slug);
                let twin = browser.get(&format!("/docs/{}.md", page.slug)).await;
                assert_eq!(twin.status, 200, "{}", page.slug);
                assert_eq!(twin.header("content-type"), "text/markdown; charset=utf-8");
                assert!(twin.text.starts_with(&format!("# {title}\n")), "{}", page.slug);
            }
        }
        for path in ["/docs/nothing", "/docs/nothing.md", "/docs/README", "/docs/..%2fCargo.toml", "/docs/start.html"] {
            assert_eq!(app.anonymous().get(path).await.status, 404, "{path}");
        }
    }

    async fn examples_have_the_address_of_this_server(app) {
        let page = app.anonymous().get("/docs/connect").await;
        let command = format!("claude mcp add --transport http portcullis {}", app.resource());
        assert!(html::text(&page.text).contains(&command));
        assert!(!page.text.contains(EXAMPLE));
        let twin = app.anonymous().get("/docs/connect.md").await;
        assert!(twin.text.contains(&command) && !twin.text.contains(EXAMPLE));
        // What is read before there is a server speaks of one that is to be.
        assert!(app.anonymous().get("/docs/operate").await.text.contains(EXAMPLE));
    }

    async fn programs_find_every_page_by_the_index(app) {
        let index = app.anonymous().get("/docs/llms.txt").await;
        assert_eq!((index.status, index.header("content-type")), (200, "text/plain; charset=utf-8"));
        assert!(index.text.starts_with("# Portcullis\n\n> "), "{}", index.text);
        let links: Vec<_> = index.text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
        assert_eq!(links.len(), PAGES.len());
        for link in links {
            assert!(link.starts_with(&app.base) && link.ends_with(".md"), "{link}");
            assert_eq!(app.anonymous().get(link).await.status, 200, "{link}");
        }
    }

    async fn what_has_not_changed_is_not_sent_again(app) {
        for path in ["/docs", "/docs/start", "/docs/start.md", "/docs/llms.txt"] {
            let first = app.anonymous().get(path).await;
            let tag = first.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.len() > 10, "{path}: {tag}");
            assert!(first.headers.get("set-cookie").is_none(), "{path}: nothing that is one visitor's");
            let again = app.anonymous().request("GET", path).header("If-None-Match", &tag).send().await.unwrap();
            assert_eq!(again.status().as_u16(), 304, "{path}");
            assert_eq!(again.text().await.unwrap(), "", "{path}");
            let other = app.anonymous().request("GET", path).header("If-None-Match", "\"old\"").send().await.unwrap();
            assert_eq!(other.status().as_u16(), 200, "{path}");
        }
        // A page with a person's name in it is kept by nobody.
        let own = app.member().await.get("/docs/start").await;
        assert_eq!((own.header("cache-control"), own.header("etag")), ("no-store", ""));
    }

    async fn a_search_finds_places_by_all_their_words(app) {
        let found = app.anonymous().get("/docs?q=insufficient_credits").await;
        assert!(found.text.contains("href=\"/docs/troubleshooting#insufficient_credits\""), "{}", found.text);
        let found = app.anonymous().get("/docs?q=BACK%20up%20file").await;
        assert!(found.text.contains("href=\"/docs/operate#back-up\""), "{}", found.text);
        let nothing = app.anonymous().get("/docs?q=%3Cscript%3Exyzzy").await;
        assert!(nothing.text.contains("Nothing has all of") && !nothing.text.contains("<script>x"));
        assert_eq!(app.anonymous().get("/docs?q=%20").await.text, app.anonymous().get("/docs").await.text);
    }

    async fn every_screen_and_every_error_leads_to_the_manual(app) {
        for page in [app.anonymous().get("/login").await, app.anonymous().get("/nothing").await, app.admin().await.get("/dashboard").await] {
            let footer = page.text.split("<footer").nth(1).unwrap();
            assert!(footer.contains("href=\"/docs\""), "{footer}");
        }
        let error = app.anonymous().get("/nothing").await;
        assert!(error.text.contains("href=\"/docs/troubleshooting#not_found\""));
    }
}

/// The frame shows nobody's things to those who are not signed in, and their own to those who are.
#[actix_web::test]
async fn whoever_is_signed_in_finds_the_way_back() {
    let app = TestApp::sqlite().await;
    let own = app.member().await.get("/docs/start").await;
    assert!(own.text.contains("href=\"/dashboard\"") && own.text.contains("action=\"/logout\""));
    let public = app.anonymous().get("/docs/start").await;
    assert!(public.text.contains("href=\"/login\"") && !public.text.contains("/logout"));
    app.stop().await;
}
