//! How mail is encrypted on its way to the server that takes it (`SMTP_URL`).

use url::{Host, Url};

/// `text` with what an `smtp://` URL leaves open: a password is only told to a server that encrypts
/// (STARTTLS), and without one the connection is encrypted where the server offers it. Whatever the
/// URL says itself counts, and a server on this machine needs nothing.
pub(super) fn encrypted(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    let is_open = url.scheme() == "smtp"
        && !url.query_pairs().any(|(name, _)| name == "tls")
        && !is_loopback(&url);
    if is_open {
        let has_password = url.password().is_some();
        let tls = if has_password { "required" } else { "opportunistic" };
        url.query_pairs_mut().append_pair("tls", tls);
    }
    url.into()
}

fn is_loopback(url: &Url) -> bool {
    // Of a scheme that the parser does not know, an address of IPv4 is a name.
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost"
                || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::encrypted;

    #[test]
    fn a_password_is_not_told_without_encryption() {
        for (given, made) in [
            ("smtp://u:p@mail.example:587", "smtp://u:p@mail.example:587?tls=required"),
            ("smtp://relay.example", "smtp://relay.example?tls=opportunistic"),
            ("smtp://u:p@mail.example?tls=none", "smtp://u:p@mail.example?tls=none"),
            ("smtps://u:p@mail.example", "smtps://u:p@mail.example"),
            ("smtp://u:p@127.0.0.1:2525", "smtp://u:p@127.0.0.1:2525"),
            ("smtp://localhost:25", "smtp://localhost:25"),
            ("smtp://[::1]:25", "smtp://[::1]:25"),
        ] {
            assert_eq!(encrypted(given), made);
        }
    }
}
