//! Discovery: authorization-server metadata (RFC 8414) and protected-resource metadata (RFC 9728).
//! Every URL is built from the configuration, never from a request header.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::domain::scope::ScopeSet;
use crate::domain::settings::MetadataDocuments;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::web::error::Failure;

/// How long clients may keep a document, seconds: short, so that a changed setting is seen soon.
const KEEP_SECONDS: u32 = 300;

/// `GET /.well-known/oauth-authorization-server`.
///
/// # Errors
/// When the settings cannot be read.
pub async fn authorization_server(ctx: web::Data<Ctx>) -> Result<HttpResponse, Failure> {
    Ok(answer(&server_document(&ctx).await?.into()))
}

/// `GET /.well-known/openid-configuration`: the same, with what OpenID Connect Discovery adds.
///
/// # Errors
/// When the settings cannot be read.
pub async fn openid(ctx: web::Data<Ctx>) -> Result<HttpResponse, Failure> {
    let mut document = server_document(&ctx).await?;
    document.insert("subject_types_supported".into(), json!(["public"]));
    document.insert("id_token_signing_alg_values_supported".into(), json!(["ES256"]));
    document.insert(
        "claims_supported".into(),
        json!(["iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "name", "email"]),
    );
    document.insert("prompt_values_supported".into(), json!(["none", "login", "consent"]));
    // Its default is true (OpenID Connect Discovery §3).
    document.insert("request_uri_parameter_supported".into(), json!(false));
    Ok(answer(&document.into()))
}

async fn server_document(ctx: &Ctx) -> Result<Map<String, Value>> {
    let live = ctx.live_now().await?;
    let methods = ["none", "client_secret_basic", "client_secret_post"];
    let secret_methods = ["client_secret_basic", "client_secret_post"];
    let document = json!({
        "issuer": ctx.config.public_url,
        "authorization_endpoint": ctx.config.url("/oauth/authorize"),
        "token_endpoint": ctx.config.url("/oauth/token"),
        "revocation_endpoint": ctx.config.url("/oauth/revoke"),
        "introspection_endpoint": ctx.config.url("/oauth/introspect"),
        "userinfo_endpoint": ctx.config.userinfo_url(),
        "jwks_uri": ctx.config.url("/oauth/jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": secret_methods,
        "scopes_supported": names(&ScopeSet::all()),
        "authorization_response_iss_parameter_supported": true,
        "protected_resources": [ctx.config.mcp_url],
    });
    let Value::Object(mut members) = document else {
        return Err(Error::internal("the metadata is no object"));
    };
    if live.settings.metadata_documents != MetadataDocuments::Off {
        members.insert("client_id_metadata_document_supported".into(), json!(true));
    }
    if live.settings.dynamic_registration {
        members.insert("registration_endpoint".into(), json!(ctx.config.url("/oauth/register")));
    }
    Ok(members)
}

/// `GET /.well-known/oauth-protected-resource` and its path-inserted form.
pub async fn protected_resource(ctx: web::Data<Ctx>) -> HttpResponse {
    answer(&json!({
        "resource": ctx.config.mcp_url,
        "authorization_servers": [ctx.config.public_url],
        "scopes_supported": names(&ScopeSet::of_resource()),
        "bearer_methods_supported": ["header"],
        "resource_name": "Portcullis",
    }))
}

/// `OPTIONS` of everything that browser-based clients may fetch: anyone, without credentials.
pub async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, MCP-Protocol-Version",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

fn names(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope| scope.to_string()).collect()
}

fn answer(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CACHE_CONTROL, format!("public, max-age={KEEP_SECONDS}")))
        .json(document)
}
