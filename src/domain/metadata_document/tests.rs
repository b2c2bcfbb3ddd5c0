use proptest::prelude::*;
use serde_json::json;

use super::*;

const URL: &str = "https://client.example/oauth/client.json";

/// Rows: D19
#[test]
fn only_a_plain_https_url_with_a_path_names_a_client() {
    for good in [
        URL,
        "https://client.example/c",
        "https://sub.client.example/a/b/client.json",
        "https://client.example/client?version=1",
        "https://xn--exmple-cua.example/client",
        "https://client.example/a.b/..c/%41",
        "https://client.example/a//b",
    ] {
        let url = DocumentUrl::parse(good).unwrap();
        assert_eq!(url.as_str(), good);
        assert_eq!(format!("https://{}{}", url.host(), url.target()), good);
    }
    for bad in [
        "",
        "client",
        "http://client.example/c",
        "HTTPS://client.example/c",
        "https:client.example/c",
        "https:/client.example/c",
        "https://client.example",
        "https://client.example/",
        "https://client.example?x=/c",
        "https://client.example/?x",
        "https://client.example/c#",
        "https://client.example/c#x",
        "https://user@client.example/c",
        "https://user:word@client.example/c",
        "https://@client.example/c",
        "https://client.example/./c",
        "https://client.example/../c",
        "https://client.example/c/..",
        "https://client.example/c/.",
        "https://client.example/%2e%2E/c",
        "https://client.example/.%2e/c",
        "https://client.example:443/c",
        "https://client.example:8443/c",
        "https://client.example:/c",
        "https://CLIENT.example/c",
        "https://client.example./c",
        "https://client/c",
        "https://localhost/c",
        "https://gate.localhost/c",
        "https://printer.local/c",
        "https://metadata.google.internal/c",
        "https://1.0.0.127.in-addr.arpa/c",
        "https://127.0.0.1/c",
        "https://127.1/c",
        "https://2130706433/c",
        "https://0x7f.0.0.1/c",
        "https://8.8.8.8/c",
        "https://[::1]/c",
        "https://[2606:4700::1111]/c",
        "https:///c",
        "https://client.example\\@evil.example/c",
        "https://client.example/c d",
        "https://client.example/c\t",
        "https://client.example/c\n",
        "https://exämple.example/c",
        "https://client.example/ü",
        "https://client%2eexample/c",
        "javascript:alert(1)/c",
    ] {
        assert!(DocumentUrl::parse(bad).is_err(), "{bad:?} must be refused");
    }
    assert!(DocumentUrl::parse(&format!("{URL}{}", "x".repeat(2048))).is_err());
}

/// Rows: D26
#[test]
fn ids_made_here_are_never_meant_as_urls() {
    assert!(!is_url_like(&uuid::Uuid::now_v7().to_string()));
    assert!(!is_url_like("pc_client"));
    for url in [URL, "http://a", "HTTPS:a.example", "//a.example/c", "urn:x"] {
        assert!(is_url_like(url), "{url}");
    }
}

fn good() -> Value {
    json!({
        "client_id": URL,
        "client_name": "Sample Client",
        "redirect_uris": ["http://127.0.0.1/callback", "https://client.example/callback"],
        "token_endpoint_auth_method": "none",
        "logo_uri": "https://client.example/logo.png",
    })
}

fn read_value(document: &Value) -> Result<Document, String> {
    read(&DocumentUrl::parse(URL).unwrap(), document.to_string().as_bytes())
}

fn with(name: &str, value: Value) -> Value {
    let mut document = good();
    document[name] = value;
    document
}

fn without(name: &str) -> Value {
    let mut document = good();
    document.as_object_mut().unwrap().remove(name);
    document
}

/// Rows: D20
#[test]
fn a_document_says_who_and_where_to_and_no_secret() {
    let document = read_value(&good()).unwrap();
    assert_eq!(document.name, "Sample Client");
    assert_eq!(document.redirect_uris.len(), 2);
    read_value(&without("token_endpoint_auth_method")).unwrap();
    for (document, word) in [
        (without("client_id"), "client_id"),
        (with("client_id", json!(format!("{URL}/"))), "client_id"),
        (with("client_id", json!(URL.to_uppercase())), "client_id"),
        (with("client_id", json!([URL])), "client_id"),
        (without("client_name"), "client_name"),
        (with("client_name", json!(" \u{202e} ")), "client_name"),
        (with("client_name", json!(7)), "client_name"),
        (without("redirect_uris"), "redirect_uris"),
        (with("redirect_uris", json!([])), "redirect_uris"),
        (with("redirect_uris", json!("https://client.example/callback")), "redirect_uris"),
        (with("redirect_uris", json!(["https://client.example/callback", 7])), "redirect_uris[1]"),
        (with("redirect_uris", json!(["javascript:alert(1)"])), "redirect_uris[0]"),
        (with("redirect_uris", json!(["http://client.example/callback"])), "redirect_uris[0]"),
        (
            with("redirect_uris", json!(vec!["https://client.example/callback"; 21])),
            "between 1 and 20",
        ),
        (with("client_secret", json!("hush")), "client_secret"),
        (with("client_secret", json!(null)), "client_secret"),
        (with("client_secret_expires_at", json!(0)), "client_secret_expires_at"),
        (with("token_endpoint_auth_method", json!("client_secret_basic")), "auth_method"),
        (with("token_endpoint_auth_method", json!("client_secret_post")), "auth_method"),
        (with("token_endpoint_auth_method", json!("client_secret_jwt")), "auth_method"),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "auth_method"),
        (with("token_endpoint_auth_method", json!(null)), "auth_method"),
        (json!([good()]), "JSON object"),
        (json!("text"), "JSON object"),
    ] {
        let refused = read_value(&document).unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    let url = DocumentUrl::parse(URL).unwrap();
    for broken in [&b""[..], b"{", b"\xff\xfe", b"<html>", &b"[".repeat(5000)] {
        assert!(read(&url, broken).is_err());
    }
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_fetched_as_written(text in "https://[a-z0-9.%@:\\[\\]-]{1,20}[/?#a-zA-Z0-9.%&=-]{0,20}") {
        if let Ok(url) = DocumentUrl::parse(&text) {
            prop_assert_eq!(format!("https://{}{}", url.host(), url.target()), text.clone());
            let parsed = Url::parse(&text).unwrap();
            prop_assert_eq!(parsed.as_str(), text.as_str());
            prop_assert!(matches!(parsed.host(), Some(Host::Domain(_))));
            prop_assert!(is_url_like(&text));
        }
    }

    #[test]
    fn no_text_and_no_bytes_are_too_much(text in ".{0,80}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if DocumentUrl::parse(&text).is_ok() {
            prop_assert!(text.starts_with("https://"));
        }
        prop_assert!(read(&DocumentUrl::parse(URL).unwrap(), &body).is_err());
    }
}
