//! A client with a secret, for the endpoints that want one.

use serde_json::{Value, json};

use crate::support::ai_client::{
    Answer, AuthorizationRequest, REDIRECT, VERIFIER, code, http, redirected,
};
use crate::support::{AiClient, Browser, TestApp};

/// A registered client that keeps a secret.
#[derive(Clone)]
pub struct Confidential {
    pub base: String,
    pub client_id: String,
    pub secret: String,
    pub method: &'static str,
}

impl Confidential {
    /// Registers one that authenticates by `method`.
    pub async fn register(app: &TestApp, method: &'static str) -> Self {
        let body = json!({ "redirect_uris": [REDIRECT], "token_endpoint_auth_method": method });
        let answer = http().post(app.url("/oauth/register")).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self {
            base: app.base.clone(),
            client_id: text("client_id"),
            secret: text("client_secret"),
            method,
        }
    }

    /// Posts a form, authenticated by the registered method.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_with(&self.secret, path, form).await
    }

    /// Posts a form with this secret.
    pub async fn post_with(&self, secret: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut whole = form.to_vec();
        let request = http().post(format!("{}{path}", self.base));
        let request = if self.method == "client_secret_basic" {
            request.basic_auth(&self.client_id, Some(secret)).form(&whole)
        } else {
            whole.extend([("client_id", self.client_id.as_str()), ("client_secret", secret)]);
            request.form(&whole)
        };
        Answer::of(request.send().await.unwrap()).await
    }

    /// Has the signed-in person connect it; what comes back can call, but not refresh by itself.
    pub async fn connect(&self, app: &TestApp, browser: &Browser, scopes: &str) -> AiClient {
        let request = AuthorizationRequest::new(app, &self.client_id, scopes);
        let code = code(browser, &request).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let answer = self.post("/oauth/token", &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let text = |name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
        AiClient {
            http: http(),
            base: self.base.clone(),
            client_id: self.client_id.clone(),
            access_token: text("access_token"),
            refresh_token: text("refresh_token"),
            scope: text("scope"),
        }
    }

    /// Presents a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.post("/oauth/token", &form).await
    }
}

/// The whole answer of a public client's first exchange.
pub async fn first_answer(
    app: &TestApp,
    browser: &Browser,
    request: &AuthorizationRequest,
) -> Answer {
    let location = crate::support::ai_client::consent(browser, request, None).await;
    let code = redirected(&location).remove("code").unwrap();
    let client_id = &request.0.iter().find(|(name, _)| name == "client_id").unwrap().1;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    Answer::of(http().post(app.url("/oauth/token")).form(&form).send().await.unwrap()).await
}
