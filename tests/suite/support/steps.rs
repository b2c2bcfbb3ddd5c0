//! Forms in two steps: what was entered, then a page that says what it does and asks for the password.

use super::browser::Page;
use super::{Browser, PASSWORD, html};

/// Opens a page, sends its form with these fields, and tells the page that asks for confirmation.
pub async fn ask(browser: &Browser, page: &str, fields: &[(&str, &str)]) -> Page {
    browser.submit(page, page, fields).await
}

/// The same, confirmed with this password.
pub async fn confirm(
    browser: &Browser,
    page: &str,
    fields: &[(&str, &str)],
    password: &str,
) -> Page {
    let asked = ask(browser, page, fields).await;
    assert_eq!(asked.status, 200, "{}", html::text(&asked.text));
    browser.send(&asked, page, &[("password", password)]).await
}

/// The same with the right password; what the next page says.
pub async fn carry_out(browser: &Browser, page: &str, fields: &[(&str, &str)]) -> String {
    let done = confirm(browser, page, fields, PASSWORD).await;
    assert_eq!(done.status, 303, "{}", html::text(&done.text));
    html::text(&browser.get(done.header("location")).await.text)
}
