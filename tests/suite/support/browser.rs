//! A browser: keeps cookies, follows no redirect by itself, and sends forms the way a page would,
//! hidden fields included.

use reqwest::{Client, Response, redirect};

use super::ai_client::register_at as register;
use super::html;

/// A browser with its own cookies.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    base: String,
}

/// A page with its address.
pub struct Page {
    pub status: u16,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Page {
    /// The hidden fields of its form to `action`.
    pub fn hidden(&self, action: &str) -> Vec<(String, String)> {
        html::hidden_fields(&self.text, action)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser {
    pub fn new(base: &str) -> Self {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .cookie_store(true)
            .no_proxy()
            .build()
            .unwrap();
        Self { client, base: base.to_owned() }
    }

    /// An address: a path of ours, or a whole URL.
    fn address(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() }
    }

    pub async fn get(&self, path: &str) -> Page {
        page(self.client.get(self.address(path)).send().await.unwrap()).await
    }

    /// Posts exactly these fields.
    pub async fn post<K: serde::Serialize, V: serde::Serialize>(
        &self,
        path: &str,
        fields: &[(K, V)],
    ) -> Page {
        let request = self.request("POST", path).header("sec-fetch-site", "same-origin");
        page(request.form(fields).send().await.unwrap()).await
    }

    /// A request to be finished by the test.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), self.address(path))
    }

    /// Opens the page with the form, and sends the form with its hidden fields and these.
    pub async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        self.send(&shown, action, fields).await
    }

    /// Sends the form of a page that is open already.
    pub async fn send(&self, shown: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let mut all = shown.hidden(action);
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(action, &all).await
    }

    /// A form token of this signed-in browser's session, taken from the consent page: the page
    /// with a form that every role may see.
    pub async fn form_token(&self) -> String {
        let client = register(&self.base).await;
        let query = format!(
            "response_type=code&client_id={client}&redirect_uri=http://127.0.0.1:4711/callback\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        let page = self.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let fields = page.hidden("/oauth/authorize");
        fields.into_iter().find(|(name, _)| name == "csrf").unwrap().1
    }

    /// Signs in through the page.
    pub async fn sign_in(&self, email: &str, password: &str) {
        let answer =
            self.submit("/login", "/login", &[("email", email), ("password", password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
}

async fn page(response: Response) -> Page {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Page { status, headers, text: response.text().await.unwrap() }
}
