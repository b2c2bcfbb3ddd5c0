//! The way of a client, walked from here to our own public addresses: the documents, the endpoint
//! without and with a token, the token endpoint. Says what stands in between and breaks it.
//!
//! Nothing but the configured addresses is ever asked, and whoever reads this may be anybody who is
//! signed in: what the network said goes to the log.

use futures_util::future::join_all;
use serde_json::Value;

use super::look::{NotSeen, Question, Seen, ask};
use super::{Finding, public_url};
use crate::config::Config;
use crate::error::Result;
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::throttle::{self, Limit};

/// Something that is no token, to see whether the header arrives.
const NO_TOKEN: &str = "portcullis-connection-check";
const JSON: &str = "application/json";
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

const WELL_KNOWN: &str = "troubleshooting#the-web-server-keeps-well-known-for-itself";
const FIREWALL: &str = "troubleshooting#a-firewall-or-cloudflare-blocks-the-client";
const PROMPT: &str = "troubleshooting#a-password-prompt-of-the-browser";
const ADDRESS: &str = "troubleshooting#the-address-is-not-the-one-clients-use";
const TRY: &str = "troubleshooting#a-client-does-not-connect";
const PROXY: &str = "operate#behind-a-reverse-proxy";

/// What must be true of an answer.
struct Check<'a> {
    about: &'static str,
    question: Question<'a>,
    judge: fn(&Config, &Seen) -> Option<Finding>,
}

/// Walks it for a person, who may do so every now and then.
///
/// # Errors
/// `rate_limit_exceeded`, or that the database cannot answer; what is found is no error.
pub async fn check_connection(ctx: &Ctx, user: UserId) -> Result<Vec<Finding>> {
    let now = ctx.clock.now();
    let limit = Limit::connection_checks_of(user);
    ctx.db.write(move |conn| throttle::count_or_refuse(conn, &limit, now)).await?;
    Ok(check(&ctx.config).await)
}

/// Walks it, all at once; the findings come in the order in which a client meets them.
async fn check(config: &Config) -> Vec<Finding> {
    let resource = config.resource_metadata_url();
    let server = config.url("/.well-known/oauth-authorization-server");
    let keys = config.url("/oauth/jwks");
    let token = config.url("/oauth/token");
    let get = |url| Question { url, body: None, bearer: None };
    let call = Question { url: &config.mcp_url, body: Some((JSON, PING)), bearer: None };
    let form = Some(("application/x-www-form-urlencoded", ""));
    let checks = [
        Check { about: MCP_DOCUMENT, question: get(&resource), judge: of_resource },
        Check { about: SERVER_DOCUMENT, question: get(&server), judge: of_server },
        Check { about: CALL, question: call, judge: of_call },
        Check {
            about: HEADER,
            question: Question { bearer: Some(NO_TOKEN), ..call },
            judge: of_header,
        },
        Check { about: KEYS, question: get(&keys), judge: of_keys },
        Check {
            about: TOKENS,
            question: Question { url: &token, body: form, bearer: None },
            judge: of_tokens,
        },
    ];
    let mut findings = vec![own_address(config)];
    findings.extend(join_all(checks.into_iter().map(|check| answer(config, check))).await);
    findings
}

const MCP_DOCUMENT: &str = "Description of the MCP endpoint";
const SERVER_DOCUMENT: &str = "Description of the sign-in server";
const CALL: &str = "A call without a token";
const HEADER: &str = "The Authorization header";
const KEYS: &str = "Signing keys";
const TOKENS: &str = "The token endpoint";

fn own_address(config: &Config) -> Finding {
    let finding = public_url(config);
    Finding { about: "Address", see: if finding.mend.is_empty() { "" } else { ADDRESS }, ..finding }
}

async fn answer(config: &Config, check: Check<'_>) -> Finding {
    let (about, url) = (check.about, check.question.url);
    match ask(check.question).await {
        Ok(seen) => match (check.judge)(config, &seen) {
            Some(finding) => finding,
            None => in_between(about, url, &seen),
        },
        Err(NotSeen { step, cause }) => {
            log::info!("connection check: {url}: {step}: {cause}");
            let mend = "check name, port, firewall and certificate. If only the server itself cannot reach its public address, clients still may";
            Finding::fail(about, format!("{url} cannot be reached ({step})"), mend).see(PROXY)
        }
    }
}

/// Who answered in our place, as far as the answer tells.
fn in_between(about: &'static str, url: &str, seen: &Seen) -> Finding {
    let status = seen.status;
    let fail = |said: String, mend: &str, see| Finding::fail(about, said, mend).see(see);
    if (300..400).contains(&status) {
        let said = format!("{url} redirects to {}", shortened(&seen.location));
        let mend = "clients do not follow: let the proxy pass this path on, and set PUBLIC_URL to the final address";
        return fail(said, mend, ADDRESS);
    }
    if seen.challenge.to_ascii_lowercase().starts_with("basic") {
        let said = format!("{url} asks for a password of its own");
        return fail(said, "take the password prompt away from this path", PROMPT);
    }
    if matches!(status, 502 | 504) {
        let said = format!("{url} answers {status}: a proxy does not reach this server");
        return fail(said, "correct the address that the proxy passes requests on to", PROXY);
    }
    if matches!(status, 403 | 405 | 429 | 503) && !seen.is_ours {
        let said = format!("{url} answers {status}, and not from this server: something blocks it");
        let mend = "exempt /mcp, /oauth and /.well-known from bot protection and method filters";
        return fail(said, mend, FIREWALL);
    }
    if status == 404 && !seen.is_ours {
        let said = format!("{url} answers 404, and not from this server");
        return fail(said, "let the proxy pass this path on", WELL_KNOWN);
    }
    if seen.kind == "text/html" {
        let said = format!("{url} answers with a page and not with JSON");
        let mend = "a challenge page or another program answers: exempt this path from it";
        return fail(said, mend, FIREWALL);
    }
    let said = format!("{url} answers {status} with something else than expected");
    fail(said, "look whether this server answers there, or another", ADDRESS)
}

/// Addresses that others name may be long.
fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(120).collect()
}

fn json(seen: &Seen) -> Option<Value> {
    serde_json::from_slice(&seen.body).ok()
}

/// A document whose `member` must be `expected`, letter by letter.
fn document(about: &'static str, seen: &Seen, member: &str, expected: &str) -> Option<Finding> {
    let found = json(seen).filter(|_| seen.status == 200)?;
    let said = found.get(member)?.as_str()?;
    if said == expected {
        return Some(Finding::ok(about, format!("It says {expected}, as it should")));
    }
    let said = format!("It says {member} {} and not {expected}", shortened(said));
    let mend = "another server answers there, or this one was started with another address";
    Some(Finding::fail(about, said, mend).see(ADDRESS))
}

fn of_resource(config: &Config, seen: &Seen) -> Option<Finding> {
    document(MCP_DOCUMENT, seen, "resource", &config.mcp_url)
}

fn of_server(config: &Config, seen: &Seen) -> Option<Finding> {
    document(SERVER_DOCUMENT, seen, "issuer", &config.public_url)
}

/// What the gate says of itself, when it lets nobody come as far as the token.
fn of_gate(about: &'static str, seen: &Seen) -> Option<Finding> {
    let body = json(seen)?;
    let code = body.pointer("/error/code")?.as_str()?;
    let (said, mend) = match code {
        "mcp_disabled" => (
            "An administrator has switched the endpoint off",
            "ask an administrator to switch it on under Settings",
        ),
        "ip_not_allowed" => (
            "Only listed addresses may call, and the server's own is not one of them",
            "nothing, if your client's address is listed",
        ),
        "origin_not_allowed" => (
            "The name that the request came by is not one of this server's",
            "let the proxy keep the Host header",
        ),
        _ => return None,
    };
    Some(match code {
        "ip_not_allowed" => Finding::warn(about, said, mend).see(TRY),
        "mcp_disabled" => Finding::fail(about, said, mend).see(TRY),
        _ => Finding::fail(about, said, mend).see(PROXY),
    })
}

fn of_call(config: &Config, seen: &Seen) -> Option<Finding> {
    if let Some(finding) = of_gate(CALL, seen) {
        return Some(finding);
    }
    if seen.status != 401 || !seen.is_ours {
        return None;
    }
    if seen.challenge.contains(&config.resource_metadata_url()) {
        return Some(Finding::ok(CALL, "It is refused, and the client is told where to sign in"));
    }
    let said = "It is refused, but the header WWW-Authenticate does not arrive whole";
    Some(Finding::fail(CALL, said, "let the proxy pass that header of the answer on").see(PROXY))
}

fn of_header(_: &Config, seen: &Seen) -> Option<Finding> {
    if let Some(finding) = of_gate(HEADER, seen) {
        return Some(finding);
    }
    if seen.status != 401 || !seen.is_ours {
        return None;
    }
    if seen.challenge.contains("error=\"invalid_token\"") {
        return Some(Finding::ok(HEADER, "It arrives: a wrong token is recognised as one"));
    }
    let said = "It does not arrive: something takes it away, and every token with it";
    Some(Finding::fail(HEADER, said, "let the proxy pass the header Authorization on").see(PROMPT))
}

fn of_keys(_: &Config, seen: &Seen) -> Option<Finding> {
    let keys = json(seen).filter(|_| seen.status == 200)?;
    let count = keys.get("keys")?.as_array()?.len();
    Some(Finding::ok(KEYS, format!("They can be read ({count})")))
}

fn of_tokens(_: &Config, seen: &Seen) -> Option<Finding> {
    let error = json(seen).filter(|_| seen.is_ours)?;
    error.get("error")?.as_str()?;
    Some(Finding::ok(TOKENS, "It takes forms, and answers an empty one with an error in JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::doctor::Level;

    fn seen(status: u16) -> Seen {
        Seen { status, ..Seen::default() }
    }

    #[test]
    fn who_stands_in_between_is_told_by_the_answer() {
        let told = |seen: Seen| {
            let finding = in_between("x", "https://gate.example.com/mcp", &seen);
            assert_eq!(finding.level, Level::Fail);
            assert!(!finding.mend.is_empty());
            finding.see
        };
        assert_eq!(
            told(Seen { location: "https://www.example.com/mcp".into(), ..seen(308) }),
            ADDRESS
        );
        assert_eq!(told(Seen { challenge: "Basic realm=x".into(), ..seen(401) }), PROMPT);
        assert_eq!(told(seen(404)), WELL_KNOWN);
        assert_eq!(told(Seen { kind: "text/html".into(), ..seen(403) }), FIREWALL);
        assert_eq!(told(Seen { kind: "text/html".into(), ..seen(200) }), FIREWALL);
        assert_eq!(told(seen(405)), FIREWALL);
        assert_eq!(told(seen(502)), PROXY);
        assert_eq!(told(seen(200)), ADDRESS);
    }
}
