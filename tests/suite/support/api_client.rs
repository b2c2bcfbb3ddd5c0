//! An integration: calls the REST API with a key.

use portcullis::domain::audit::Actor;
use portcullis::domain::scope::ScopeSet;
use portcullis::service::api_keys::{self, Life, Wanted};
use portcullis::service::login;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use super::ai_client::{Answer, http};
use super::{PASSWORD, Person, TestApp};

/// Every permission that a key can have.
pub const ALL: &str = "usage:read stores:read contacts:search contacts:reveal";

/// Somebody with a key.
#[derive(Clone)]
pub struct ApiClient {
    pub http: Client,
    pub base: String,
    pub key: String,
}

impl ApiClient {
    /// With a new key of this person.
    pub async fn of(app: &TestApp, person: Person, scopes: &str) -> Self {
        Self::with(app, &key_of(app, person, scopes).await)
    }

    /// With something for a key.
    pub fn with(app: &TestApp, key: &str) -> Self {
        Self { http: http(), base: app.base.clone(), key: key.to_owned() }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.key.is_empty() { request } else { request.bearer_auth(&self.key) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request("GET", path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request("POST", path).json(body).send().await.unwrap()).await
    }

    /// Reveals, with a key for repeating.
    pub async fn reveal(&self, ids: &[String], repeat: &str) -> Answer {
        let request = self.request("POST", "/api/v1/contacts/reveal");
        let body = serde_json::json!({ "contact_ids": ids });
        let request = request.header("Idempotency-Key", repeat).json(&body);
        Answer::of(request.send().await.unwrap()).await
    }
}

/// A new key of this person.
pub async fn key_of(app: &TestApp, person: Person, scopes: &str) -> String {
    let user = app.id_of(person).await;
    let actor = Actor {
        user: Some(user),
        label: person.email.into(),
        address: None,
        request_id: None,
        reason: None,
    };
    let proof = login::reconfirm(&app.ctx, &actor, PASSWORD).await.unwrap();
    let wanted = Wanted {
        name: "Nightly job".into(),
        scopes: ScopeSet::parse_known(scopes),
        life: Life::Endless,
        form: portcullis::secrets::random_text(),
    };
    let secret = api_keys::create(&app.ctx, &actor, proof, wanted).await.unwrap();
    secret.expose().to_owned()
}
