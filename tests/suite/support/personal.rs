//! Personal access tokens as people make them: through the page, with their password.

use super::ai_client::http;
use super::browser::Page;
use super::{AiClient, Browser, PASSWORD, Person, TestApp};

/// The page of the form.
pub const FORM: &str = "/dashboard/settings/mcp/tokens";

/// Opens the form, fills it and sends it.
pub async fn ask(browser: &Browser, name: &str, scopes: &str, days: &str, password: &str) -> Page {
    let mut fields =
        vec![("name", name), ("expiry", "custom"), ("days", days), ("password", password)];
    fields.extend(scopes.split(' ').map(|scope| ("scope", scope)));
    browser.submit(FORM, FORM, &fields).await
}

/// The secret on an answer, if there is one.
pub fn secret(page: &Page) -> Option<String> {
    let (_, rest) = page.text.split_once("pc_pat_")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))?;
    Some(format!("pc_pat_{}", rest.get(..end)?))
}

/// What calls with a token that is pasted in.
pub fn client(app: &TestApp, secret: &str) -> AiClient {
    client_of(&app.base, secret)
}

/// The same at another server.
pub fn client_of(base: &str, secret: &str) -> AiClient {
    AiClient {
        http: http(),
        base: base.to_owned(),
        client_id: String::new(),
        access_token: secret.to_owned(),
        refresh_token: String::new(),
        scope: String::new(),
    }
}

/// A new token of this person, which works for 30 days, as something that calls with it.
pub async fn token_of(app: &TestApp, person: Person, name: &str, scopes: &str) -> AiClient {
    let page = ask(&app.signed_in(person).await, name, scopes, "30", PASSWORD).await;
    assert_eq!(page.status, 200, "{}", page.text);
    client(app, &secret(&page).unwrap())
}
