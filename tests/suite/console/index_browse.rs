//! System → Data → Store index: administrators and auditors look through the stores, found by text,
//! country, category and platform, a page after the other.

use crate::support::browser::Page;
use crate::support::fixture::STORES;
use crate::support::upload::INDEX;
use crate::support::{AUDITOR, both_databases, contacts, html};

/// The domains of a page's list, in their order.
fn domains(page: &Page) -> Vec<String> {
    let list = page.text.split("id=\"stores-caption\"").nth(1).unwrap_or_default();
    let list = list.split("</table>").next().unwrap();
    let cells = list.split("<span class=\"hint mono\">").skip(1);
    cells.map(|cell| cell.split('<').next().unwrap().to_owned()).collect()
}

/// Where the link of this text on the list leads.
fn link(page: &Page, text: &str) -> Option<String> {
    let end = page.text.find(&format!("\">{text}"))?;
    let start = page.text[..end].rfind("href=\"")? + 6;
    Some(page.text[start..end].replace("&#38;", "&").replace("&amp;", "&"))
}

both_databases! {
    async fn pages_follow_each_other_to_the_last_store(app) {
        let admin = app.admin().await;
        let mut page = admin.get(INDEX).await;
        assert_eq!(link(&page, "First page"), None);
        let mut seen = Vec::new();
        loop {
            assert_eq!((page.status, domains(&page).len()), (200, 20));
            seen.extend(domains(&page));
            let Some(next) = link(&page, "Next page") else { break };
            page = admin.get(next.split('#').next().unwrap()).await;
        }
        let all: Vec<_> = (0..STORES).map(|number| format!("shop{number:02}.example.com")).collect();
        assert_eq!(seen, all);
        assert_eq!(link(&page, "First page").as_deref(), Some("/admin/index#stores"));
    }

    async fn what_is_asked_narrows_and_can_be_taken_back(app) {
        app.sql("UPDATE stores SET name = '<b>Bold</b> Cups' WHERE domain = 'shop07.example.com'").await;
        let contacts = "{\"external_id\":\"c1\",\"store_domain\":\"shop07.example.com\",\"email\":\"ann@shop.example\"}\n\
                        {\"external_id\":\"c2\",\"store_domain\":\"shop07.example.com\"}\n";
        let admin = app.admin().await;
        super::index_upload::import(app, &admin, "contacts", ("people.jsonl", contacts.as_bytes()), true).await;
        let page = app.signed_in(AUDITOR).await.get(&format!("{INDEX}?q=shop07&country=FR&platform=shopify")).await;
        assert_eq!(domains(&page), ["shop07.example.com"]);
        let text = html::text(&page.text);
        assert!(text.contains("<b>Bold</b> Cups shop07.example.com Shopify FR Home & garden 800 2"), "{text}");
        assert!(!page.text.contains("ann@shop.example"), "the list tells no channel");
        assert!(text.contains("Text: shop07") && text.contains("Country: FR"), "{text}");
        let without = link(&page, "<span class=\"sr\">Remove filter </span>Text: shop07").unwrap();
        assert_eq!(without, "/admin/index?country=FR&platform=shopify#stores");
        let fewer = admin.get(without.split('#').next().unwrap()).await;
        assert_eq!((domains(&fewer).len(), link(&fewer, "Next page")), (20, None));
        let nothing = admin.get(&format!("{INDEX}?category=toys&q=nobody+has+this")).await;
        assert_eq!(nothing.status, 200);
        assert!(html::text(&nothing.text).contains("No store fits “Text: nobody has this” and “Category: toys”"), "{}", nothing.text);
    }

    /// How many stores there are is said where that is counted; each leads to its page, for those
    /// whose role has it; the form that imports comes before the list.
    async fn the_list_says_how_many_and_leads_to_them(app) {
        app.sql("UPDATE stores SET name = NULL WHERE domain = 'shop00.example.com'").await;
        let admin = app.admin().await;
        for (query, found) in [
            ("", Some(STORES)),
            ("?country=FR", Some(STORES / 3)),
            ("?country=FR&platform=shopify", None),
            ("?q=shop", None),
        ] {
            let text = html::text(&admin.get(&format!("{INDEX}{query}")).await.text);
            let list = text.split(" Search ").nth(1).unwrap();
            assert_eq!(list.contains("records found"), found.is_some(), "{query}: {list}");
            if let Some(found) = found {
                assert!(list.contains(&format!("{found} records found")), "{query}: {list}");
            }
        }
        let page = admin.get(INDEX).await.text;
        assert!(page.find("upload-heading") < page.find("history-heading") && page.find("history-heading") < page.find("id=\"stores\""));
        for number in ["00", "01"] {
            assert!(page.contains(&format!("href=\"/admin/index/stores/shop{number}.example.com\"")), "{number}");
        }
    }

    /// Whoever looks after the index reads what is in it: no plan, role or quota of a caller asks for
    /// anything, nothing counts, and no channel is told.
    async fn a_store_is_looked_at_without_a_call(app) {
        contacts::add(app, 3).await;
        app.sql("UPDATE plans SET api_access = (1 = 0)").await;
        app.sql("UPDATE roles SET tools = '[]' WHERE name = 'Auditor'").await;
        let auditor = app.signed_in(AUDITOR).await;
        let domain = "shop00.example.com";
        let page = auditor.get(&format!("{INDEX}/stores/{domain}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let text = html::text(&page.text);
        assert!(text.contains("3 records found") && text.contains("Pat Person000"), "{text}");
        for channel in (0..3).flat_map(contacts::channels) {
            assert!(!page.text.contains(&channel), "{channel}");
        }
        assert_eq!(app.count("SELECT count(*) FROM activity").await, 0);
        assert_eq!(auditor.get(&format!("{INDEX}/stores/nowhere.example")).await.status, 404);
        assert_eq!(app.member().await.get(&format!("{INDEX}/stores/{domain}")).await.status, 403);
    }

    async fn what_is_asked_wrongly_is_named_and_the_list_shown_without_it(app) {
        let admin = app.admin().await;
        let cursor = link(&admin.get(INDEX).await, "Next page").unwrap();
        let cursor = cursor.split('#').next().unwrap();
        for (query, problem) in [
            ("?q=ab".to_owned(), "Search: it takes 3 to 200 characters; one is enough in scripts without spaces."),
            ("?country=Germany".to_owned(), "Country: it takes two-letter codes, like US."),
            ("?platform=a%00b".to_owned(), "Platform: it takes no NUL characters."),
            ("?cursor=x".to_owned(), "That page of the list is not known here any more."),
            (format!("{}&country=DE", cursor.strip_prefix(INDEX).unwrap()), "That page of the list is not known"),
        ] {
            let page = admin.get(&format!("{INDEX}{query}")).await;
            let text = html::text(&page.text);
            assert_eq!(page.status, 400, "{query}");
            assert!(text.contains(problem), "{query}: {text}");
            assert_eq!(domains(&page).len(), 20, "{query}");
            assert!(page.text.contains("<title>Error: "), "{query}");
        }
    }

    async fn a_cursor_of_one_person_is_nothing_to_another(app) {
        let admin = app.admin().await;
        let next = link(&admin.get(INDEX).await, "Next page").unwrap();
        assert_eq!(app.signed_in(AUDITOR).await.get(next.split('#').next().unwrap()).await.status, 400);
    }
}
