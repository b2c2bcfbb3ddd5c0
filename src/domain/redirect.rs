//! Redirect URIs: which may be registered, and when a requested one is a registered one.
//!
//! Sources: OAuth 2.1 §2.3 and §7.12, RFC 8252 §7, dossier §2.3, checklist D12 and E1 to E3.

use url::{Host, Url};

/// Schemes that a browser would execute, or that start a program which is nobody's OAuth client;
/// never a redirect.
const REFUSED_SCHEMES: [&str; 61] = [
    "about",
    "afp",
    "android-app",
    "blob",
    "callto",
    "chrome",
    "chrome-extension",
    "cid",
    "data",
    "facetime",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "git",
    "gopher",
    "hcp",
    "intent",
    "itms",
    "itms-apps",
    "itms-services",
    "jar",
    "javascript",
    "ldap",
    "ldaps",
    "livescript",
    "magnet",
    "mailto",
    "market",
    "mhtml",
    "mid",
    "mocha",
    "moz-extension",
    "news",
    "nfs",
    "nntp",
    "rdp",
    "res",
    "resource",
    "rlogin",
    "safari-extension",
    "search",
    "sftp",
    "shell",
    "sip",
    "sips",
    "skype",
    "smb",
    "sms",
    "ssh",
    "tel",
    "telnet",
    "tn3270",
    "urn",
    "vbscript",
    "view-source",
    "vnc",
    "webcal",
    "ws",
    "wss",
    "wyciwyg",
];
/// Schemes of parts of Windows, from installers to settings, begin so.
const WINDOWS: &str = "ms-";
/// Shorter ones are drives and typing errors.
const SHORTEST_SCHEME: usize = 3;

/// The longest redirect URI accepted, in characters.
const LONGEST: usize = 2048;

/// Where a redirect leads, for warnings on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An https site.
    Web,
    /// A program on the user's own computer, over loopback.
    Loopback,
    /// A program that has claimed a scheme of its own.
    PrivateUseScheme,
}

/// Checks a URI for registration and returns its kind.
///
/// # Errors
/// Says why it is refused.
pub fn check(uri: &str) -> Result<Kind, &'static str> {
    if uri.len() > LONGEST {
        return Err("is longer than 2048 characters");
    }
    // Before parsing: the URL parser quietly mends these, and what is compared byte by byte later
    // must be what was checked.
    if uri
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || !c.is_ascii() || "\\<>\"{}|^`*".contains(c))
    {
        return Err("contains a character that a redirect URI must not contain");
    }
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).ok_or("is not an absolute URI")?;
    if scheme.chars().any(|c| c.is_ascii_uppercase()) {
        return Err("must write its scheme in lower case");
    }
    let url = Url::parse(uri).map_err(|_| "is not an absolute URI")?;
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not have user information");
    }
    // The answer adds these, and whoever reads it must find each once (checklist E8).
    if url.query_pairs().any(|(name, _)| ANSWER.contains(&&*name)) {
        return Err("must not have a parameter that the answer adds, like code or state");
    }
    match scheme {
        "https" | "http" => check_http(uri, scheme, &url),
        refused if is_refused(refused) => Err("has a scheme that is not allowed"),
        _ => Ok(Kind::PrivateUseScheme),
    }
}

fn is_refused(scheme: &str) -> bool {
    scheme.len() < SHORTEST_SCHEME
        || scheme.starts_with(WINDOWS)
        || REFUSED_SCHEMES.contains(&scheme)
}

fn check_http(uri: &str, scheme: &str, url: &Url) -> Result<Kind, &'static str> {
    let authority = authority(uri, scheme).ok_or("is not an absolute URI")?;
    if authority.contains('@') {
        return Err("must not have user information");
    }
    let host = host_text(authority);
    // The parser turns 0x7f.1 and 2130706433 into 127.0.0.1; only the plain spelling counts.
    if url.host_str() != Some(host.to_ascii_lowercase().as_str()) {
        return Err("must write its host plainly");
    }
    if host.starts_with('.') || host.ends_with('.') {
        return Err("must write its host plainly");
    }
    // A URL may hold more, up to commas and semicolons, which would end a directive of the consent
    // page's Content-Security-Policy and begin another.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if matches!(url.host(), Some(Host::Domain(name)) if !name.chars().all(is_plain)) {
        return Err("must write its host plainly");
    }
    match (scheme, is_loopback(url)) {
        (_, true) if scheme == "http" => Ok(Kind::Loopback),
        ("https", _) => Ok(Kind::Web),
        _ => Err("must be https, or http on 127.0.0.1, [::1] or localhost"),
    }
}

/// The parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207 §2).
const ANSWER: [&str; 6] = ["code", "state", "iss", "error", "error_description", "error_uri"];

/// Whether `requested` is `registered`: the same bytes, or, for http on loopback, the same but for
/// the port (RFC 8252 §7.3; `localhost` too, because native clients register it without a port).
pub fn matches(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    if check(requested) != Ok(Kind::Loopback) || check(registered) != Ok(Kind::Loopback) {
        return false;
    }
    match (split_port(registered), split_port(requested)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// Whether `requested` is one of `registered`, which are lines, and could be registered today: what
/// is refused by now may have been let in by an earlier version.
pub fn is_among(registered: &str, requested: &str) -> bool {
    check(requested).is_ok() && registered.lines().any(|registered| matches(registered, requested))
}

/// What the consent page shows as the place the browser is sent back to.
pub fn shown_host(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let host = url.host_str().unwrap_or_default().to_owned();
            url.port().map_or(host.clone(), |port| format!("{host}:{port}"))
        }
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

/// Where a client's redirect URIs lead, each place once, in their order. Without ports on loopback,
/// which programs choose anew at every start.
pub fn shown_hosts<'a>(uris: impl Iterator<Item = &'a str>) -> String {
    let mut hosts: Vec<String> = Vec::new();
    for uri in uris {
        let host = match (check(uri), Url::parse(uri)) {
            (Ok(Kind::Loopback), Ok(url)) => url.host_str().unwrap_or_default().to_owned(),
            _ => shown_host(uri),
        };
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.join(", ")
}

/// The source expression that lets a browser follow a form's redirect to `uri` (CSP
/// `form-action`), made from the parsed URI, never from raw text.
pub fn csp_source(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match url.scheme() {
        // A source expression has no way to write an IPv6 address (CSP 3 §2.3.1); browsers drop
        // the whole expression then, so only scheme and port are left to name.
        scheme @ ("http" | "https") if matches!(url.host(), Some(Host::Ipv6(_))) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{scheme}://*{port}"))
        }
        "http" | "https" => Some(url.origin().ascii_serialization()),
        scheme => Some(format!("{scheme}:")),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn authority<'a>(uri: &'a str, scheme: &str) -> Option<&'a str> {
    let rest = uri.strip_prefix(scheme)?.strip_prefix("://")?;
    rest.split(['/', '?', '#']).next()
}

fn host_text(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority
            .find(']')
            .map_or(authority, |end| authority.get(..=end).unwrap_or(authority));
    }
    authority.split(':').next().unwrap_or(authority)
}

/// Host and everything after the port of an http URI.
fn split_port(uri: &str) -> Option<(&str, &str)> {
    let authority = authority(uri, "http")?;
    let tail = uri.get("http://".len() + authority.len()..)?;
    Some((host_text(authority), tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_clients_register_is_accepted() {
        for (uri, kind) in [
            ("https://claude.ai/api/mcp/auth_callback", Kind::Web),
            ("https://vscode.dev/redirect", Kind::Web),
            ("http://127.0.0.1:33418/", Kind::Loopback),
            ("http://127.0.0.1/", Kind::Loopback),
            ("http://[::1]:1234/cb", Kind::Loopback),
            ("http://localhost/callback", Kind::Loopback),
            ("cursor://anysphere.cursor-mcp/oauth/callback", Kind::PrivateUseScheme),
            ("com.example.app:/oauth", Kind::PrivateUseScheme),
        ] {
            assert_eq!(check(uri), Ok(kind), "{uri}");
        }
    }

    #[test]
    fn dangerous_and_ambiguous_uris_are_refused() {
        for uri in [
            "",
            "/callback",
            "callback",
            "http://example.com/cb",
            "https://example.com/cb#x",
            "https://user@example.com/cb",
            "https://u:p@example.com/cb",
            "https://*.example.com/cb",
            "https://x;sandbox/cb",
            "https://x,default-src/cb",
            "https://x'y/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "blob:https://a/b",
            "about:blank",
            "ws://localhost/",
            "JavaScript:alert(1)",
            "HTTPS://example.com/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost@evil.example/cb",
            "https://h\\@evil.example/cb",
            "http://127.0.0.1\t/cb",
            "http://127.0.0.1\n/cb",
            "http://2130706433/cb",
            "http://0177.0.0.1/cb",
            "http://0x7f.0.0.1/cb",
            "http://127.1/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.2/cb",
            "http://localhost./cb",
            "https:///cb",
            "https:example.com/cb",
            "https://exämple.com/cb",
        ] {
            assert!(check(uri).is_err(), "{uri:?} must be refused");
        }
    }

    #[test]
    fn a_browser_is_let_through_to_every_kind_of_redirect_and_no_further() {
        for (uri, source) in [
            ("https://a.example/cb?x=1", "https://a.example"),
            ("http://127.0.0.1:8798/callback", "http://127.0.0.1:8798"),
            ("http://localhost:8798/callback", "http://localhost:8798"),
            ("http://[::1]:8798/callback", "http://*:8798"),
            ("http://[::1]/callback", "http://*"),
            ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor:"),
        ] {
            assert_eq!(csp_source(uri).as_deref(), Some(source), "{uri}");
        }
    }

    #[test]
    fn every_place_is_shown_once_and_loopback_without_its_port() {
        let uris = [
            "https://vscode.example/redirect",
            "https://vscode.example/other",
            "http://127.0.0.1:33418/",
            "http://127.0.0.1/",
            "https://evil.example:8443/cb",
            "cursor://a/cb",
        ];
        let shown = "vscode.example, 127.0.0.1, evil.example:8443, cursor:";
        assert_eq!(shown_hosts(uris.into_iter()), shown);
        assert_eq!(shown_hosts(std::iter::empty()), "");
    }

    #[test]
    fn what_could_not_be_registered_today_is_nobodys() {
        let registered = "https://a.example/cb\nms-msdt:x\nshell:x\nab:/cb";
        assert!(is_among(registered, "https://a.example/cb"));
        for refused in ["ms-msdt:x", "shell:x", "ab:/cb"] {
            assert!(!is_among(registered, refused), "{refused}");
        }
    }

    #[test]
    fn only_the_port_of_loopback_http_is_free() {
        assert!(matches("http://localhost/callback", "http://localhost:4711/callback"));
        assert!(matches("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb"));
        assert!(matches("http://[::1]/cb", "http://[::1]:2/cb"));
        for (registered, requested) in [
            ("http://localhost/callback", "http://127.0.0.1:4711/callback"),
            ("http://localhost/callback", "http://localhost:4711/callback/"),
            ("http://localhost/callback", "http://localhost:4711/callback?x=1"),
            ("https://a.example/cb", "https://a.example:8443/cb"),
            ("https://a.example/cb", "https://A.example/cb"),
            ("https://a.example/cb", "https://a.example/cb/"),
            ("https://a.example/cb", "https://a.example/%63b"),
            ("http://localhost/callback", "http://localhost:1@evil.example/callback"),
            ("http://localhost/callback", "http://localhost:99999/callback"),
            ("cursor://a/cb", "cursor://a:1/cb"),
        ] {
            assert!(!matches(registered, requested), "{requested} is not {registered}");
        }
    }
}
