//! How mail is encrypted on its way to the server that takes it (`SMTP_URL`).

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::{Host, Url};

/// The way to the server that `text` names, with what an `smtp://` URL leaves open: a password is
/// only told to a server that encrypts (STARTTLS) and is who it says, and without one the connection
/// is encrypted where the server offers it, whatever its certificate: it would be in clear otherwise.
/// The port stays the one that it is without: 25. Whatever the URL says itself counts (`tls=none` is
/// ours to understand), and a server on this machine needs nothing.
pub(super) fn transport(
    text: &str,
) -> Result<AsyncSmtpTransportBuilder, lettre::transport::smtp::Error> {
    let Ok(mut url) = Url::parse(text) else { return plain(text) };
    let said = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, said)| said.into_owned());
    if url.scheme() == "smtp" && said.as_deref() == Some("none") {
        url.set_query(None);
        return plain(url.as_str());
    }
    let builder = plain(text)?;
    let (true, None, false, Some(host)) =
        (url.scheme() == "smtp", said, is_loopback(&url), url.host_str())
    else {
        return Ok(builder);
    };
    Ok(builder.tls(match url.password() {
        Some(_) => Tls::Required(TlsParameters::new(host.to_owned())?),
        None => Tls::Opportunistic(
            TlsParameters::builder(host.to_owned())
                .dangerous_accept_invalid_certs(true)
                .dangerous_accept_invalid_hostnames(true)
                .build()?,
        ),
    }))
}

fn plain(text: &str) -> Result<AsyncSmtpTransportBuilder, lettre::transport::smtp::Error> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(text)
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
    use super::transport;

    /// A password is told to nobody without encryption, and what needs none goes where it went: a
    /// relay on port 25, with STARTTLS or without.
    #[test]
    fn what_the_url_leaves_open_is_encrypted_and_goes_to_the_same_port() {
        for (given, port, tls) in [
            ("smtp://u:p@mail.example:587", 587, "Required"),
            ("smtp://u:p@mail.example", 25, "Required"),
            ("smtp://relay.example", 25, "Opportunistic"),
            ("smtp://relay.example:2525", 2525, "Opportunistic"),
            ("smtp://relay.example/our.name", 25, "Opportunistic"),
            ("smtp://192.0.2.7", 25, "Opportunistic"),
            ("smtp://relay.example?tls=none", 25, "None"),
            ("smtp://relay.example:2525?tls=none", 2525, "None"),
            ("smtp://u:p@mail.example:587?tls=none", 587, "None"),
            ("smtp://relay.example?tls=opportunistic", 587, "Opportunistic"),
            ("smtp://u:p@mail.example?tls=required", 587, "Required"),
            ("smtps://u:p@mail.example", 465, "Wrapper"),
            ("smtp://u:p@127.0.0.1:2525", 2525, "None"),
            ("smtp://localhost", 25, "None"),
            ("smtp://[::1]:25", 25, "None"),
        ] {
            let made = format!("{:?}", transport(given).unwrap());
            assert!(made.contains(&format!("port: {port}, tls: {tls},")), "{given}: {made}");
        }
        for wrong in ["mail.example", "smtp://mail.example?tls=perhaps", "https://mail.example"] {
            assert!(transport(wrong).is_err(), "{wrong}");
        }
    }
}
