//! What may be wrong with a server, looked at from inside and as a client sees it. Nothing is
//! changed.

mod connection;
mod look;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::migrate::{self, Schema};
use crate::db::{DatabaseUrl, Db};
use crate::domain::access::ADMINISTRATOR;
use crate::error::Error;
use crate::service::keyring::Keyring;
use crate::service::keys;
use crate::store::users;

pub use connection::check_connection;

/// How long a mail server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but look at it.
    Warn,
    /// Does not work.
    Fail,
}

/// What a check found.
#[derive(Debug)]
pub struct Finding {
    /// How it came out.
    pub level: Level,
    /// What was looked at.
    pub about: &'static str,
    /// What it is like.
    pub said: String,
    /// What to do, unless it is as it should be.
    pub mend: String,
    /// Where the manual says more: page and place; empty if nowhere.
    pub see: &'static str,
}

impl Finding {
    fn ok(about: &'static str, said: impl Into<String>) -> Self {
        Self { level: Level::Ok, about, said: said.into(), mend: String::new(), see: "" }
    }

    fn warn(about: &'static str, said: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Warn, about, said: said.into(), mend: mend.into(), see: "" }
    }

    fn fail(about: &'static str, said: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Fail, about, said: said.into(), mend: mend.into(), see: "" }
    }

    /// The same, with the place in the manual that says more.
    fn see(self, see: &'static str) -> Self {
        Self { see, ..self }
    }

    /// The configuration could not even be read.
    pub fn wrong_configuration(error: &Error) -> Self {
        Self::fail("configuration", error.to_string(), "correct that key")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        write!(f, "{level:<5} {}: {}", self.about, self.said)?;
        if self.mend.is_empty() { Ok(()) } else { write!(f, "; to mend: {}", self.mend) }
    }
}

/// Looks at everything, in the order in which one thing needs the other.
pub async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("configuration", "readable"), public_url(config)];
    findings.extend(proxy(config));
    findings.extend(database(config, clock).await);
    findings.push(mail(config).await);
    findings.extend(discovery(config).await);
    findings
}

fn public_url(config: &Config) -> Finding {
    const ABOUT: &str = "public URL";
    let url = &config.public_url;
    let is_loopback = ["http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .any(|own| url.starts_with(own));
    if is_loopback {
        let mend = "set PORTCULLIS_PUBLIC_URL to the https address that others use";
        return Finding::warn(ABOUT, format!("{url} is reached from this computer only"), mend);
    }
    if !config.is_https() {
        let mend = "serve it over https; web clients take nothing else";
        return Finding::warn(ABOUT, format!("{url} is not encrypted"), mend);
    }
    Finding::ok(ABOUT, url.clone())
}

/// Whoever terminates TLS is a proxy: this server does not.
fn proxy(config: &Config) -> Option<Finding> {
    const ABOUT: &str = "proxy";
    if !config.is_https() {
        return None;
    }
    Some(if config.trusted_proxies.is_empty() {
        Finding::warn(
            ABOUT,
            "every caller seems to have the proxy's address: one who guesses passwords locks all others out",
            "set PORTCULLIS_TRUSTED_PROXIES to the address of the proxy, for example 127.0.0.1",
        )
    } else {
        Finding::ok(ABOUT, "addresses of callers are the proxy's to tell")
    })
}

/// Database, schema, signing keys and who may manage them.
async fn database(config: &Config, clock: &Clock) -> Vec<Finding> {
    const ABOUT: &str = "database";
    let shown = config.database_url.masked();
    if let DatabaseUrl::Sqlite(path) = &config.database_url
        && !Path::new(path).exists()
    {
        let mend = "run portcullis serve or portcullis migrate once, or correct DATABASE_URL";
        return vec![Finding::fail(ABOUT, format!("{shown} is not there"), mend)];
    }
    let unreachable = |error: Error| {
        let mend = "check that it runs, DATABASE_URL, and its rights";
        vec![Finding::fail(ABOUT, format!("{shown} does not answer: {error}"), mend)]
    };
    let db = match Db::open(&config.database_url, 1) {
        Ok(db) => db,
        Err(error) => return unreachable(error),
    };
    let schema = match db.maintain(migrate::schema).await {
        Ok(schema) => schema,
        Err(error) => return unreachable(error),
    };
    let mut findings = vec![Finding::ok(ABOUT, format!("{shown} answers"))];
    let (said, mend) = match schema {
        Schema::Current => ("this version's", ""),
        Schema::Older => (
            "it is that of an older version",
            "run portcullis migrate, or start this version of the server",
        ),
        Schema::Newer => (
            "it is that of a newer version",
            "run that version, or restore the backup that was made before the upgrade",
        ),
    };
    if schema != Schema::Current {
        findings.push(Finding::fail("schema", said, mend));
        return findings;
    }
    findings.push(Finding::ok("schema", said));
    findings.push(signing_keys(&db, config, clock).await);
    findings.push(administrators(&db).await);
    findings.push(counters(&db).await);
    findings
}

async fn signing_keys(db: &Db, config: &Config, clock: &Clock) -> Finding {
    const ABOUT: &str = "signing keys";
    let (secret, now) = (config.secret.clone(), clock.now());
    let read = db
        .read(move |conn| {
            let is_due = keys::is_due(conn, now)?;
            Ok((Keyring::load(conn, &secret)?.jwks().len(), is_due))
        })
        .await;
    match read {
        Ok((0, _)) => Finding::fail(ABOUT, "there is none", "start the server, which makes one"),
        Ok((_, true)) => Finding::warn(
            ABOUT,
            "the one in use is older than 90 days",
            "let the server run, which replaces it, or run portcullis keys rotate",
        ),
        Ok((count, false)) => Finding::ok(ABOUT, format!("{count}, and the one in use is not due")),
        Err(_) => Finding::fail(
            ABOUT,
            "they cannot be opened",
            "set SECRET or SECRET_FILE to what it was when they were made",
        ),
    }
}

async fn administrators(db: &Db) -> Finding {
    const ABOUT: &str = "administrators";
    let read = db
        .read(|conn| Ok((users::any(conn)?, users::active_with_role(conn, ADMINISTRATOR.name, 1)?)))
        .await;
    match read {
        Ok((true, found)) if found.is_empty() => Finding::fail(
            ABOUT,
            "nobody can sign in who may manage the server",
            "portcullis user create ann@example.com --role Administrator …",
        ),
        Ok((true, _)) => Finding::ok(ABOUT, "somebody may manage the server"),
        Ok((false, _)) => Finding::warn(
            ABOUT,
            "there is nobody yet",
            "start the server and open the link it prints, which makes the first administrator",
        ),
        Err(_) => Finding::fail(ABOUT, "they cannot be read", "see the server's log"),
    }
}

/// What the grid of people shows is counted where tokens change; here it is counted anew.
async fn counters(db: &Db) -> Finding {
    const ABOUT: &str = "counters";
    match db.read(|conn| Ok(users::miscounted(conn)?)).await {
        Ok(0) => Finding::ok(ABOUT, "the tokens of every person are counted right"),
        Ok(people) => Finding::warn(
            ABOUT,
            format!("the tokens of {people} people are counted wrong in the grid"),
            "report it, with the version; what tokens may do does not depend on it",
        ),
        Err(_) => Finding::fail(ABOUT, "the tokens cannot be counted", "see the server's log"),
    }
}

async fn mail(config: &Config) -> Finding {
    const ABOUT: &str = "mail";
    let Some(transport) = &config.smtp else {
        let said = "none is sent; it is written to outbox/ in the data folder";
        return Finding::warn(ABOUT, said, "set PORTCULLIS_SMTP_URL and PORTCULLIS_MAIL_FROM");
    };
    let mend = "check PORTCULLIS_SMTP_URL: host, port, name and password";
    match tokio::time::timeout(PATIENCE, transport.test_connection()).await {
        Ok(Ok(true)) => Finding::ok(ABOUT, "the mail server answers"),
        Ok(Ok(false)) => Finding::fail(ABOUT, "the mail server does not want to talk", mend),
        Ok(Err(error)) => Finding::fail(ABOUT, format!("no connection: {error}"), mend),
        Err(_) => Finding::fail(ABOUT, "the mail server does not answer", mend),
    }
}

/// The two documents that a client reads first, and what must be in them, letter by letter.
async fn discovery(config: &Config) -> Vec<Finding> {
    let server = config.url("/.well-known/oauth-authorization-server");
    let resource = config.resource_metadata_url();
    vec![
        document("authorization server", &server, "issuer", &config.public_url).await,
        document("MCP endpoint", &resource, "resource", &config.mcp_url).await,
    ]
}

async fn document(about: &'static str, url: &str, member: &str, expected: &str) -> Finding {
    let see = "see A client does not connect in the manual, /docs/troubleshooting";
    let text = match look::ask(look::Question { url, body: None, bearer: None }).await {
        Ok(seen) if seen.status == 200 => seen.body,
        Ok(seen) => {
            let status = seen.status;
            return Finding::fail(about, format!("{url} answers {status} and not 200"), see);
        }
        Err(look::NotSeen { step, cause }) => {
            let mend = "start the server; check name, port, firewall and certificate";
            return Finding::fail(about, format!("{url} cannot be reached: {step}: {cause}"), mend);
        }
    };
    let found: Option<Value> = serde_json::from_slice(&text).ok();
    match found.as_ref().and_then(|document| document.get(member)).and_then(Value::as_str) {
        Some(said) if said == expected => Finding::ok(about, format!("{url} says {expected}")),
        Some(said) => Finding::fail(
            about,
            format!("{url} says {member} {said} and not {expected}"),
            "another server answers there, or this one runs with another configuration",
        ),
        None => Finding::fail(about, format!("{url} is no such document"), see),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_its_mend() {
        let fine = Finding::ok("schema", "this version's").to_string();
        assert_eq!(fine, "ok    schema: this version's");
        let bad = Finding::fail("mail", "no connection", "check SMTP_URL").to_string();
        assert_eq!(bad, "fail  mail: no connection; to mend: check SMTP_URL");
    }
}
