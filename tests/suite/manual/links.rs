//! Every link of the manual and of the console leads somewhere, its anchor included.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use portcullis::console::manual::PAGES;
use reqwest::Url;

use crate::support::{AiClient, Browser, TestApp, contacts, on_sqlite};

/// No walk looks at more pages.
const MOST: usize = 1_200;
/// Of a path with different queries (sorts, pages, filters) so many are looked at.
const QUERIES: usize = 5;

/// What a walk found.
#[derive(Default)]
struct Walk {
    /// Pages by their address without anchor: status, and the anchors in it.
    pages: BTreeMap<String, (u16, BTreeSet<String>)>,
    /// Where each link stands: address with anchor, and the page it was found on.
    links: BTreeMap<String, String>,
}

/// The values of an attribute in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<String> {
    page.split(&format!(" {name}=\""))
        .skip(1)
        .map(|rest: &'a str| rest.split('"').next().unwrap())
        .map(|value| value.replace("&#38;", "&").replace("&amp;", "&").replace("&#61;", "="))
        .collect()
}

/// Follows every link of ours from `start` on.
async fn walk(app: &TestApp, browser: &Browser, start: &[&str]) -> Walk {
    let base = Url::parse(&app.base).unwrap();
    let mut walk = Walk::default();
    let mut waiting: VecDeque<Url> = start.iter().map(|path| base.join(path).unwrap()).collect();
    let mut queries: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(mut url) = waiting.pop_front() {
        url.set_fragment(None);
        if walk.pages.contains_key(url.as_str()) || walk.pages.len() >= MOST {
            continue;
        }
        if url.query().is_some() {
            let seen = queries.entry(url.path().to_owned()).or_default();
            *seen += 1;
            if *seen > QUERIES {
                continue;
            }
        }
        let page = browser.get(url.as_str()).await;
        let is_html = page.header("content-type").starts_with("text/html");
        let text = if is_html { page.text.as_str() } else { "" };
        let anchors = attributes(text, "id").into_iter().collect();
        walk.pages.insert(url.as_str().to_owned(), (page.status, anchors));
        for link in attributes(text, "href") {
            let to = url.join(&link).unwrap();
            if to.origin() != base.origin() {
                continue;
            }
            walk.links.entry(to.as_str().to_owned()).or_insert_with(|| url.path().to_owned());
            waiting.push_back(to);
        }
    }
    walk
}

impl Walk {
    /// Says what leads nowhere.
    fn check(&self) {
        let mut wrong = Vec::new();
        for (link, from) in &self.links {
            let mut url = Url::parse(link).unwrap();
            let anchor = url.fragment().map(str::to_owned);
            url.set_fragment(None);
            // Not looked at: one of many queries of a path.
            let Some((status, anchors)) = self.pages.get(url.as_str()) else { continue };
            if *status >= 400 {
                wrong.push(format!("{from}: {link} is {status}"));
            }
            if let Some(anchor) = anchor
                && *status == 200
                && !url.path().starts_with("/static/")
                && !anchors.contains(&anchor)
            {
                wrong.push(format!("{from}: {link} has no such place"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(self.pages.len() < MOST, "the walk was cut short");
    }

    fn saw(&self, path: &str) -> bool {
        self.pages.keys().any(|page| Url::parse(page).unwrap().path() == path)
    }
}

on_sqlite! {
    async fn every_link_of_the_manual_leads_somewhere(app) {
        let walk = walk(app, &app.anonymous(), &["/docs"]).await;
        walk.check();
        for page in PAGES {
            assert!(walk.saw(&format!("/docs/{}", page.slug)), "{}", page.slug);
        }
    }

    async fn every_link_of_the_console_leads_somewhere(app) {
        contacts::add(app, 12).await;
        let client: AiClient = app.ai_client("usage:read stores:read").await;
        client.call_tool("get_usage", serde_json::json!({})).await;
        let walk = walk(app, &app.admin().await, &["/dashboard", "/admin"]).await;
        walk.check();
        for path in ["/admin/mcp/users", "/admin/mcp/clients", "/admin/mcp/settings", "/admin/users", "/admin/index", "/dashboard/settings/mcp", "/docs/start"] {
            assert!(walk.saw(path), "{path} is not linked to");
        }
        assert!(walk.pages.len() > 60, "{}", walk.pages.len());
    }

    /// What a member is led to is there, and nothing of it is refused.
    async fn every_link_of_a_members_pages_leads_somewhere(app) {
        contacts::add(app, 12).await;
        let client: AiClient = app.ai_client("usage:read stores:read").await;
        client.call_tool("get_usage", serde_json::json!({})).await;
        let walk = walk(app, &app.member().await, &["/dashboard"]).await;
        walk.check();
        for path in ["/dashboard/usage", "/dashboard/activity", "/dashboard/audit", "/dashboard/stores", "/dashboard/contacts", "/dashboard/contacts/revealed", "/dashboard/settings/mcp", "/dashboard/settings/mcp/check", "/dashboard/settings/api-keys", "/dashboard/settings/api-keys/new", "/account", "/docs/rest-reference"] {
            assert!(walk.saw(path), "{path} is not linked to");
        }
        assert!(walk.pages.keys().all(|page| !page.contains("/admin")), "a member is led to administrators' pages");
    }
}

/// A link in the Markdown that leads out of the manual would lead nowhere inside the product.
#[test]
fn the_markdown_links_to_pages_of_the_manual_only() {
    for page in PAGES {
        for link in page.text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            let slug = file.strip_suffix(".md");
            let is_page = slug.is_some_and(|slug| PAGES.iter().any(|page| page.slug == slug));
            assert!(file.is_empty() || is_page, "docs/{}.md: {link}", page.slug);
        }
    }
}
