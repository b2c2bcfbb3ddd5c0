//! The caller's address, and the host it asked for: the peer's own word, or, when the peer is a
//! proxy we trust, what the proxy says of the caller.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use ipnet::IpNet;

/// The caller's address: the peer's, or behind trusted proxies the nearest address in
/// `X-Forwarded-For` that is not itself a trusted proxy. An element that is no address ends the
/// search: whatever stands before it was not written by a proxy that we trust.
pub fn caller(head: &RequestHead, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = canonical(head.peer_addr?.ip());
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    // From the end, where our own proxy writes: what stands before the first element that it
    // cannot have written is the caller's own claim.
    let lines: Vec<_> = head.headers.get_all("x-forwarded-for").collect();
    let elements = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
    let mut nearest = peer;
    for element in elements {
        let Some(address) = element_address(element) else { break };
        nearest = address;
        if !is_trusted(&address) {
            break;
        }
    }
    Some(nearest)
}

/// The host that the request was sent to, in small letters. `X-Forwarded-Host` counts only from a trusted proxy: a
/// page that had its own name pointed at us can set it, and cannot set `Host`.
pub fn host(head: &RequestHead, trusted: &[IpNet]) -> Option<String> {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let is_trusted = head
        .peer_addr
        .is_some_and(|peer| trusted.iter().any(|network| network.contains(&canonical(peer.ip()))));
    let forwarded = text("x-forwarded-host").filter(|_| is_trusted);
    // HTTP/2 has the host in the request line.
    forwarded
        .or_else(|| text("host"))
        .or_else(|| head.uri.authority().map(|authority| authority.as_str()))
        .map(|host| host.trim().to_ascii_lowercase())
}

/// The address of an element of `X-Forwarded-For`; some proxies put a port behind it.
fn element_address(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?.trim();
    let address = text.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(canonical)
}

/// An IPv4 caller of an IPv6 socket is still that IPv4 address.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::caller;

    fn ask(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let request = TestRequest::default()
            .peer_addr(format!("{peer}:4711").parse().unwrap())
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        let trusted: Vec<_> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        caller(request.head(), &trusted).unwrap().to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        assert_eq!(ask("203.0.113.9", "198.51.100.1", &[]), "203.0.113.9");
        assert_eq!(ask("10.0.0.1", "198.51.100.1", &["10.0.0.0/8"]), "198.51.100.1");
        // What a caller wrote in front of what our proxy added is the caller's own claim.
        assert_eq!(
            ask("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", &["10.0.0.0/8"]),
            "198.51.100.1"
        );
        assert_eq!(ask("10.0.0.1", "nonsense", &["10.0.0.0/8"]), "10.0.0.1");
        for claim in ["x", "unknown", "", ",,", "192.0.2.66:x"] {
            let forwarded = format!("10.0.0.5, {claim}, 198.51.100.1");
            assert_eq!(ask("10.0.0.1", &forwarded, &["10.0.0.0/8"]), "198.51.100.1", "{claim}");
            let trusted = format!("192.0.2.66, {claim}, 10.0.0.7");
            assert_eq!(ask("10.0.0.1", &trusted, &["10.0.0.0/8"]), "10.0.0.7", "{claim}");
        }
        assert_eq!(
            ask("10.0.0.1", "192.0.2.66, 198.51.100.1:443", &["10.0.0.0/8"]),
            "198.51.100.1"
        );
        assert_eq!(ask("10.0.0.1", "[2001:db8::1]:443", &["10.0.0.0/8"]), "2001:db8::1");
    }
}
