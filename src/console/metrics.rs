//! `/metrics`, for whoever watches the server from beside it.
//!
//! Figures about a gate are worth something to whoever wants through it, so they are for scrapers on
//! this machine or in its private network alone, that ask this server itself and not by its public
//! name. There is no key to it that could leak, and none to be set.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::error::{Error, ErrorCode};
use crate::service::{Ctx, metrics};
use crate::web::address;
use crate::web::error::Failure;

/// What a proxy adds to what it passes on. Whoever comes by one may come from anywhere.
const PASSED_ON: [&str; 6] =
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"];

/// `GET /metrics`.
///
/// # Errors
/// `ip_not_allowed` for whoever is not near.
pub async fn show(ctx: web::Data<Ctx>, request: HttpRequest) -> Result<HttpResponse, Failure> {
    if !is_near(request.head(), &ctx.config.hosts) {
        return Err(Failure::Api(Error::new(
            ErrorCode::IpNotAllowed,
            "Metrics are for scrapers on this machine or in its private network, that ask this server directly and not through a proxy or by its public name.",
        )));
    }
    let text = metrics::text(&ctx).await.map_err(Failure::Api)?;
    Ok(HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text))
}

/// Whether a request comes from this machine or its private network, past no proxy.
fn is_near(head: &RequestHead, hosts: &[String]) -> bool {
    let is_private = head.peer_addr.is_some_and(|peer| is_private(peer.ip().to_canonical()));
    let is_passed_on = PASSED_ON.iter().any(|name| head.headers.contains_key(*name));
    // A proxy that adds nothing may still keep the name that it was asked by; and a browser on this
    // machine asks for whoever had their own name pointed at it.
    let is_by_local_name = address::host(head, &[]).is_none_or(|host| is_local(&host, hosts));
    is_private && is_by_local_name && !is_passed_on && !head.headers.contains_key(header::ORIGIN)
}

/// Whether a host with or without a port is an address, this machine, or a name of the private
/// network, which has no dots and is not our public one.
fn is_local(host: &str, hosts: &[String]) -> bool {
    let host = host.to_ascii_lowercase();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { &host }
    });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_public = || hosts.iter().any(|ours| *ours == host || ours == name);
    name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || !name.is_empty() && !name.contains('.') && !is_public()
}

/// Loopback, private, link-local.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::is_near;

    fn asks(peer: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let hosts = ["gate.example.com".to_owned(), "127.0.0.1:8080".to_owned()];
        is_near(request.to_http_request().head(), &hosts)
    }

    #[test]
    fn only_who_is_near_and_comes_past_no_proxy_reads_metrics() {
        for peer in [
            "127.0.0.1:9",
            "10.1.2.3:9",
            "192.168.0.4:9",
            "[::1]:9",
            "[fd00::7]:9",
            "[::ffff:10.0.0.1]:9",
        ] {
            assert!(asks(peer, &[]), "{peer}");
            assert!(asks(peer, &[("host", "127.0.0.1:8080")]), "{peer}");
            assert!(asks(peer, &[("host", "portcullis:8080")]), "{peer}");
        }
        for peer in ["203.0.113.9:9", "[2001:db8::1]:9", "100.64.0.1:9", "[::ffff:203.0.113.9]:9"] {
            assert!(!asks(peer, &[]), "{peer}");
        }
        for passed_on in [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("via", "1.1 proxy"),
            ("host", "gate.example.com"),
            ("host", "GATE.example.com"),
            ("host", "gate.example.com:443"),
            ("host", "gate.example.com."),
            ("host", "rebound.example"),
            ("host", ""),
            ("origin", "https://elsewhere.example"),
        ] {
            assert!(!asks("127.0.0.1:9", &[passed_on]), "{passed_on:?}");
        }
    }
}
