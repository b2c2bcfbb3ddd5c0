//! What somebody without a token is told (checklist C1 to C3, A3, A4; SECURITY-CHECKLIST §3).

use serde_json::json;

use crate::support::ai_client::{Answer, challenge, http};
use crate::support::{on_sqlite, rpc};

on_sqlite! {
    /// C1, C2, A3: in every method and era, before 405 and before anything of the body is looked at.
    /// Rows: A3, C1, C2, C3, C14
    async fn without_a_token_everything_is_401_with_one_bearer_challenge(app) {
        let metadata = app.url("/.well-known/oauth-protected-resource/mcp");
        for path in ["/mcp", "/mcp/"] {
            for method in ["GET", "HEAD", "DELETE", "PUT", "POST"] {
                for body in [
                    rpc::legacy("initialize", json!({})).to_string(),
                    rpc::modern("server/discover", json!({})).to_string(),
                    "{\"a\":".to_owned(),
                    String::new(),
                ] {
                    let request = http().request(method.parse().unwrap(), app.url(path)).body(body);
                    let answer = Answer::of(request.send().await.unwrap()).await;
                    assert_eq!(answer.status, 401, "{method} {path}");
                    assert!(answer.headers.get("location").is_none());
                    assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 1);
                    let header = answer.header("www-authenticate");
                    let told = challenge(header);
                    assert_eq!(header.matches("Bearer").count(), 1);
                    assert_eq!(told["resource_metadata"], metadata);
                    assert!(!told.contains_key("error"), "no error where no token was sent");
                    // C3, C14: a minimum that is useful, and never offline_access.
                    assert_eq!(told["scope"], "usage:read stores:read");
                }
            }
        }
    }

    /// A49: the body of a refusal names the request and nothing else.
    async fn the_refusal_names_the_request(app) {
        let answer = Answer::of(http().post(app.resource()).send().await.unwrap()).await;
        assert_eq!(answer.json["error"]["request_id"], json!(answer.header("x-request-id")));
        assert_eq!(answer.json["error"]["type"], "authentication_error");
    }

    /// A4: neither spelling redirects anybody, token or not.
    /// Rows: A4
    async fn both_spellings_of_the_endpoint_answer_directly(app) {
        let client = app.ai_client("usage:read").await;
        for path in ["/mcp", "/mcp/"] {
            let body = rpc::legacy("ping", json!({}));
            let answer = client.http.post(app.url(path)).bearer_auth(&client.access_token).json(&body);
            let answer = Answer::of(answer.send().await.unwrap()).await;
            assert_eq!((answer.status, &answer.json["result"]), (200, &json!({})), "{path}");
        }
    }

    /// A48: a forged host or forwarding header never gets into what clients are told.
    /// Rows: A48
    async fn a_forged_host_is_never_repeated(app) {
        for (name, value) in [
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "host=evil.example;proto=https"),
        ] {
            for path in ["/mcp", "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"] {
                let answer = http().get(app.url(path)).header(name, value).send().await.unwrap();
                let headers = format!("{:?}", answer.headers());
                let text = answer.text().await.unwrap();
                assert!(!text.contains("evil.example") && !headers.contains("evil.example"), "{path}");
                assert!(!text.contains("https://"), "{path}: {text}");
            }
        }
    }
}
