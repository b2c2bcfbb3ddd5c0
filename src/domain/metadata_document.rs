//! Client-ID metadata documents (draft-ietf-oauth-client-id-metadata-document): which URLs may name
//! a client, and which documents describe one (dossier §2.4, checklist D19 and D20).

use serde_json::{Map, Value};
use url::{Host, Url};

use super::{client_name, redirect};

/// The longest URL accepted, in characters.
const LONGEST_URL: usize = 2048;
/// The longest name that the DNS can hold, in characters.
const LONGEST_HOST: usize = 253;
/// Redirect URIs of one client at most.
const MOST_REDIRECT_URIS: usize = 20;
/// Members that hold a shared secret or speak of one.
const SECRET_MEMBERS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Whether a `client_id` is meant as a URL. Those we make are UUIDs and never are.
pub fn is_url_like(client_id: &str) -> bool {
    client_id.contains(':') || client_id.contains('/')
}

/// A URL that may name a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentUrl {
    text: String,
    host: String,
    target: String,
}

impl DocumentUrl {
    /// Reads a `client_id`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > LONGEST_URL {
            return Err("is longer than 2048 characters");
        }
        // Before parsing: the URL parser quietly mends these.
        if text.chars().any(|c| !c.is_ascii_graphic() || "\\<>\"{}|^`".contains(c)) {
            return Err("contains a character that a URL must not contain");
        }
        let rest = text.strip_prefix("https://").ok_or("must begin with https://")?;
        if text.contains('#') {
            return Err("must not have a fragment");
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("must not have user information");
        }
        let path = tail.split('?').next().unwrap_or_default();
        if path.len() < 2 {
            return Err("must have a path");
        }
        if path.split('/').any(is_dot_segment) {
            return Err("must not have . or .. in its path");
        }
        let url = Url::parse(text).map_err(|_| "is no URL")?;
        if url.port_or_known_default() != Some(443) {
            return Err("must use the usual port of https");
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => check_name(name)?,
            Some(_) => return Err("must name a host, not an address"),
            None => return Err("must have a host"),
        };
        // What is compared byte by byte must be what is fetched: nothing that the parser mends.
        if url.as_str() != text {
            return Err("must be written plainly: host in lower case, no port");
        }
        Ok(Self { host: host.to_owned(), target: tail.to_owned(), text: text.to_owned() })
    }

    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, a name with at least one dot.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Path and query, to ask the host for.
    pub fn target(&self) -> &str {
        &self.target
    }
}

/// `.` and `..`, also with a dot written as `%2e`.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// A name of the public internet: at least two labels, none of a network's own.
fn check_name(name: &str) -> Result<&str, &'static str> {
    if name.len() > LONGEST_HOST {
        return Err("has a host longer than 253 characters");
    }
    let (_, last) = name.rsplit_once('.').ok_or("must name a host of the public internet")?;
    if last.is_empty() || ["localhost", "local", "internal", "arpa", "onion"].contains(&last) {
        return Err("must name a host of the public internet");
    }
    Ok(name)
}

/// What a document says that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The client's name for itself, fit to be shown.
    pub name: String,
    /// Where it may be sent back to.
    pub redirect_uris: Vec<String>,
}

/// Reads the document of the client `url`. Members we do not use are ignored.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(url: &DocumentUrl, body: &[u8]) -> Result<Document, String> {
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "it is not a JSON object")?;
    if members.get("client_id").and_then(Value::as_str) != Some(url.as_str()) {
        return Err("its client_id is not its own address".into());
    }
    if let Some(name) = SECRET_MEMBERS.iter().find(|name| members.contains_key(**name)) {
        return Err(format!("it must not contain {name}"));
    }
    check_auth_method(&members)?;
    let name = match members.get("client_name") {
        Some(Value::String(name)) => client_name::clean(name),
        Some(_) => return Err("its client_name is not a text".into()),
        None => None,
    };
    Ok(Document {
        name: name.ok_or("it has no client_name")?,
        redirect_uris: redirect_uris(&members)?,
    })
}

/// Only public clients: nobody can share a secret with us through a public document, and keys
/// (`private_key_jwt`) are not supported.
fn check_auth_method(members: &Map<String, Value>) -> Result<(), String> {
    match members.get("token_endpoint_auth_method") {
        None => Ok(()),
        Some(Value::String(method)) if method == "none" => Ok(()),
        Some(_) => {
            Err("its token_endpoint_auth_method is not none, which is the only one taken".into())
        }
    }
}

fn redirect_uris(members: &Map<String, Value>) -> Result<Vec<String>, String> {
    let Some(Value::Array(values)) = members.get("redirect_uris") else {
        return Err("it has no list of redirect_uris".into());
    };
    if values.is_empty() || values.len() > MOST_REDIRECT_URIS {
        return Err(format!("its redirect_uris are not between 1 and {MOST_REDIRECT_URIS}"));
    }
    let mut uris = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let uri = value.as_str().ok_or_else(|| format!("its redirect_uris[{place}] is no text"))?;
        redirect::check(uri).map_err(|why| format!("its redirect_uris[{place}] {why}"))?;
        uris.push(uri.to_owned());
    }
    Ok(uris)
}

#[cfg(test)]
mod tests;
