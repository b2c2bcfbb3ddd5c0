//! An authenticator app, and turning two-factor sign-in on with it.

use totp_rs::{Builder, Secret, Totp};

use super::{Browser, PASSWORD, TestApp, html};
use crate::support::browser::Page;

/// The app on somebody's phone.
pub struct Phone {
    totp: Totp,
}

impl Phone {
    /// Reads the key off the page.
    pub fn scan(page: &Page) -> Self {
        let key = between(&page.text, "id=\"key\">").replace(' ', "");
        let secret = Secret::try_from_base32(key).unwrap();
        Self { totp: Builder::new().with_secret(secret).build().unwrap() }
    }

    /// The code that it shows so many seconds from now.
    pub fn code(&self, app: &TestApp, later: i64) -> String {
        let at = app.clock.now().plus_seconds(later).seconds();
        self.totp.generate(u64::try_from(at).unwrap()).to_string()
    }
}

fn between<'a>(text: &'a str, start: &str) -> &'a str {
    text.split(start).nth(1).unwrap().split('<').next().unwrap()
}

/// The recovery codes that a page shows.
pub fn recovery_codes(page: &Page) -> Vec<String> {
    between(&page.text, "id=\"codes\">").split_whitespace().map(str::to_owned).collect()
}

/// Turns two-factor sign-in on, and waits for the next code.
pub async fn turn_on(app: &TestApp, browser: &Browser) -> (Phone, Vec<String>) {
    const PATH: &str = "/account/two-factor";
    let shown = browser.submit(PATH, PATH, &[("password", PASSWORD)]).await;
    assert_eq!(shown.status, 200, "{}", html::text(&shown.text));
    let phone = Phone::scan(&shown);
    let code = phone.code(app, 0);
    let done = browser.send(&shown, "/account/two-factor/on", &[("code", &code)]).await;
    assert_eq!(done.status, 200, "{}", html::text(&done.text));
    app.clock.advance(30);
    (phone, recovery_codes(&done))
}
