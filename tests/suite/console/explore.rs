//! Dashboard → Stores, Contacts, Usage: the index in the browser costs and shows what the tools do.

use crate::support::browser::Page;
use crate::support::fixture::STORES;
use crate::support::{Browser, OTHER, both_databases, contacts, html};

/// The ids of the contacts on a page of results.
fn ids(text: &str) -> Vec<String> {
    let parts = text.split("name=\"id\" value=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

/// Sends the form of a search; what it answers, or what it leads to.
async fn search(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let answer = browser.submit(path, path, fields).await;
    if answer.status == 303 { browser.get(answer.header("location")).await } else { answer }
}

both_databases! {
    /// Opening the page counts nothing; a search counts a request and its rows, in the pool that
    /// AI clients draw from.
    async fn a_search_counts_like_a_call_of_the_tool(app) {
        let member = app.member().await;
        let opened = member.get("/dashboard/stores").await;
        assert_eq!(opened.status, 200);
        assert!(html::text(&opened.text).contains("Nothing searched yet"));
        let used = "SELECT COALESCE(SUM(rows_returned), 0) FROM usage_windows WHERE span = 'month'";
        assert_eq!(app.count(used).await, 0);
        let page = search(&member, "/dashboard/stores", &[("country", "FR"), ("sort", "traffic_desc")]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let found = page.text.matches("href=\"/dashboard/stores/shop").count();
        assert!(found > 0 && found <= STORES);
        assert_eq!(app.count(used).await, i64::try_from(found).unwrap());
        let rows = "SELECT COUNT(*) FROM activity WHERE surface = 'console' AND operation = 'search_stores' AND outcome = 'ok'";
        assert_eq!(app.count(rows).await, 1);
    }

    /// What is wrong stands at its field too, which says so to whoever does not see it.
    async fn a_wrong_filter_is_told_at_its_field(app) {
        let member = app.member().await;
        for (path, query, id) in [
            ("stores", ("q", "%%"), "q"),
            ("stores", ("country", "Atlantis"), "country"),
            ("contacts", ("q", "%%"), "q"),
            ("contacts", ("store.country", "Atlantis"), "store-country"),
        ] {
            let page = search(&member, &format!("/dashboard/{path}"), &[query]).await;
            assert_eq!(page.status, 400, "{query:?}");
            let field = page.text.split(&format!(" id=\"{id}\"")).nth(1).unwrap().split('>').next().unwrap();
            assert!(field.contains("aria-invalid=\"true\"") && field.contains(&format!("{id}-error")), "{query:?}: {field}");
            assert!(page.text.contains(&format!("id=\"{id}-error\"")) && page.text.contains(&format!("href=\"#{id}\"")), "{query:?}");
        }
    }

    /// A preview tells no channel; the price is named before anything is spent; what is revealed is
    /// paid for once, whoever asks again.
    async fn a_reveal_names_its_price_and_is_paid_for_once(app) {
        contacts::add(app, 3).await;
        let member = app.member().await;
        let page = search(&member, "/dashboard/contacts", &[]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let ids = ids(&page.text);
        assert!(!ids.is_empty(), "{}", page.text);
        for number in 0..3 {
            for channel in contacts::channels(number) {
                assert!(!page.text.contains(&channel), "a preview tells {channel}");
            }
        }
        let spent = "SELECT COALESCE(SUM(spent), 0) FROM credit_balances";
        let ask = format!("/dashboard/contacts/reveal?id={}", ids[0]);
        let confirm = member.get(&ask).await;
        assert!(html::text(&confirm.text).contains("Reveal for 1 credit?"), "{}", confirm.text);
        assert_eq!(app.count(spent).await, 0, "asking costs nothing");
        // The same form twice, as after a double click.
        for _ in 0..2 {
            let done = member.send(&confirm, "/dashboard/contacts/reveal", &[]).await;
            assert_eq!(done.status, 303, "{}", done.text);
        }
        assert_eq!(app.count(spent).await, 1);
        let again = member.get(&ask).await;
        assert!(html::text(&again.text).contains("Already paid."), "{}", again.text);
        let revealed = member.get("/dashboard/contacts/revealed").await;
        assert_eq!(revealed.text.matches("data-label=\"Revealed\"").count(), 1);
        let file = member.get("/dashboard/contacts/revealed/export").await;
        assert_eq!(file.text.lines().count(), 2, "{}", file.text);
        let usage = member.get("/dashboard/usage").await;
        assert!(html::text(&usage.text).contains("1 of "), "{}", usage.text);
    }

    /// Nobody sees what another account has paid for.
    async fn what_an_account_has_revealed_is_its_own(app) {
        contacts::add(app, 2).await;
        let member = app.member().await;
        let ids = ids(&search(&member, "/dashboard/contacts", &[]).await.text);
        let confirm = member.get(&format!("/dashboard/contacts/reveal?id={}", ids[0])).await;
        member.send(&confirm, "/dashboard/contacts/reveal", &[]).await;
        let revealed = app.signed_in(OTHER).await.get("/dashboard/contacts/revealed").await;
        assert!(html::text(&revealed.text).contains("Nobody is revealed yet"), "{}", revealed.text);
    }

    /// A role without a tool has it nowhere, and the attempt is written down as a denial.
    async fn a_tool_that_the_role_lacks_is_not_in_the_browser_either(app) {
        let member = app.member().await;
        app.sql("UPDATE roles SET tools = '[\"get_usage\"]'").await;
        let page = search(&member, "/dashboard/stores", &[]).await;
        assert_eq!(page.status, 403);
        let denied = "SELECT COUNT(*) FROM activity WHERE surface = 'console' AND outcome = 'denied'";
        assert_eq!(app.count(denied).await, 1);
        // Pages that call nothing are refused as pages, and are no calls.
        for path in ["contacts/reveal?id=ct_000000000000000000000000", "contacts/revealed", "contacts/revealed/export"] {
            assert_eq!(member.get(&format!("/dashboard/{path}")).await.status, 403, "{path}");
        }
        assert_eq!(app.count(denied).await, 1);
        let refused = app.audited("permission_refused").await;
        assert_eq!(refused.len(), 1, "one look a minute is written down");
        assert_eq!((refused[0].target.as_deref(), refused[0].outcome.as_str()), (Some("/dashboard/contacts/reveal"), "denied"));
        assert_eq!(refused[0].detail()["permission"], "reveal_contacts");
        let reveal = member.post("/dashboard/contacts/reveal", &[("csrf", member.form_token().await)]).await;
        assert_eq!((reveal.status, app.count(denied).await), (403, 2), "spending is a call: {}", reveal.text);
    }

    /// Nothing leads to a page that the role refuses.
    async fn no_link_leads_to_what_the_role_lacks(app) {
        contacts::add(app, 3).await;
        let member = app.member().await;
        let pages = ["/dashboard/usage", "/dashboard/contacts"];
        for page in pages {
            assert!(member.get(page).await.text.contains("/dashboard/contacts/revealed"), "{page}");
        }
        app.sql("UPDATE roles SET tools = '[\"get_usage\",\"search_contacts\"]'").await;
        for page in pages {
            assert!(!member.get(page).await.text.contains("/dashboard/contacts/reveal"), "{page}");
        }
        let found = search(&member, "/dashboard/contacts", &[]).await;
        assert!(!found.text.contains("/dashboard/contacts/reveal?"), "{}", found.text);
        assert!(found.text.contains("Your role does not include revealing contacts"), "{}", found.text);
        }

    /// What is asked wrongly is named in the form.
    async fn a_wrong_search_is_named(app) {
        let member = app.member().await;
        for (field, words) in [
            (("q", "ab"), "Text: enter 3 to 200 letters or digits."),
            (("traffic", "huge"), "unknown variant"),
            (("cursor", "x"), "That page is not known here any more."),
        ] {
            let page = search(&member, "/dashboard/stores", &[field]).await;
            assert_eq!(page.status, 400, "{field:?}");
            assert!(html::text(&page.text).contains(words), "{field:?}: {}", page.text);
        }
        let page = member.get("/dashboard/contacts/reveal").await;
        assert_eq!(page.status, 400);
        assert!(html::text(&page.text).contains("Choose 1 to 10 contacts"), "{}", page.text);
    }

    /// What was paid for is shown again for nothing: by reloading, by coming back, by the address;
    /// for nobody else, for no other search, and for an hour.
    async fn a_search_is_paid_for_once(app) {
        let member = app.member().await;
        let used = "SELECT COALESCE(SUM(rows_returned), 0) FROM usage_windows WHERE span = 'month'";
        let calls = "SELECT COUNT(*) FROM activity WHERE operation = 'search_stores'";
        let waiting = "This search has not been run";
        let opened = member.get("/dashboard/stores?search=1&country=FR").await;
        assert!(html::text(&opened.text).contains(waiting), "{}", opened.text);
        assert_eq!((app.count(used).await, app.count(calls).await), (0, 0), "a link from elsewhere");
        let done = member.submit("/dashboard/stores", "/dashboard/stores", &[("country", "FR")]).await;
        let address = done.header("location").to_owned();
        let paid = app.count(used).await;
        assert!(paid > 0);
        for _ in 0..3 {
            let shown = member.get(&address).await;
            assert_eq!(shown.text.matches("href=\"/dashboard/stores/shop").count(), usize::try_from(paid).unwrap());
        }
        // Nothing is left: what was paid for is still shown.
        app.sql("UPDATE plans SET rows_per_month = 1, requests_per_day = 1").await;
        assert_eq!(member.get(&address).await.status, 200);
        assert_eq!((app.count(used).await, app.count(calls).await), (paid, 1));
        let wider = address.replace("country=FR", "country=DE");
        assert!(html::text(&member.get(&wider).await.text).contains(waiting));
        let other = app.signed_in(OTHER).await.get(&address).await;
        assert!(html::text(&other.text).contains(waiting), "{}", other.text);
        app.clock.advance(3600);
        assert!(html::text(&member.get(&address).await.text).contains(waiting));
        assert_eq!((app.count(used).await, app.count(calls).await), (paid, 1));
    }

    /// A list has its stores whole, so their pages are paid for with it; one that is opened by itself
    /// counts once, and is reloaded for nothing. What was paid for opens no other store, for nobody else,
    /// and for an hour.
    async fn a_stores_page_is_paid_for_once(app) {
        let (member, other) = (app.member().await, app.signed_in(OTHER).await);
        let opened = "SELECT COUNT(*) FROM activity WHERE operation = 'get_store'";
        let page = search(&member, "/dashboard/stores", &[]).await;
        let link = |nth: usize| page.text.split("<a href=\"/dashboard/stores/").nth(nth).unwrap().split('"').next().unwrap().to_owned();
        let first = format!("/dashboard/stores/{}", link(1));
        for _ in 0..2 {
            assert_eq!(member.get(&first).await.status, 200);
        }
        assert_eq!(app.count(opened).await, 0, "the list was paid for");
        let (plain, seal) = first.split_once('?').unwrap();
        let alone = member.get(plain).await;
        assert_eq!(alone.status, 303, "{}", alone.text);
        for _ in 0..2 {
            let shown = member.get(alone.header("location")).await;
            assert!(shown.status == 200 && shown.text.contains("What the index knows"));
        }
        assert_eq!(app.count(opened).await, 1);
        // Each of these costs a request of whoever opens it.
        let second = link(2);
        let next = format!("/dashboard/stores/{}?{seal}", second.split('?').next().unwrap());
        assert_eq!(member.get(&next).await.status, 303, "another store");
        assert_eq!(other.get(&first).await.status, 303, "somebody else");
        app.clock.advance(3600);
        assert_eq!(member.get(&first).await.status, 303, "an hour later");
        assert_eq!(app.count(opened).await, 4);
        app.sql("UPDATE plans SET requests_per_day = 1").await;
        assert_eq!(member.get(plain).await.status, 429);
        assert_eq!(member.get("/dashboard/stores/nothing.example?paid=1.x").await.status, 429);
    }
}
