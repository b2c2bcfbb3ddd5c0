//! Settings that are lists: networks and origins, each read into the one form it is compared in.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// Entries of one list at most: every request is compared with all of them.
pub(super) const MOST: usize = 200;
/// So many characters of a wrong entry are repeated to whoever typed it.
const SHOWN: usize = 60;

/// The entries of a list: one per line, or parted by commas or blanks.
fn entries(text: &str) -> Result<Vec<&str>, String> {
    let entries: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|part| !part.is_empty())
        .collect();
    if entries.len() > MOST {
        return Err(format!("enter at most {MOST} entries; these are {}.", entries.len()));
    }
    Ok(entries)
}

/// Addresses and networks. A network's host bits are dropped, so that what is shown is what counts.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let mut networks = Vec::new();
    for entry in entries(text)? {
        let network = entry
            .parse::<IpNet>()
            .map(|network| canonical(network.trunc()))
            .or_else(|_| entry.parse::<IpAddr>().map(|address| address.to_canonical().into()))
            .map_err(|_| {
                format!(
                    "“{}” is no address or network. Enter addresses like 192.0.2.7 or 2001:db8::1, or networks like 192.0.2.0/24.",
                    shown(entry)
                )
            })?;
        if !networks.contains(&network) {
            networks.push(network);
        }
    }
    Ok(networks)
}

/// A network of IPv4 written as one of IPv6 (`::ffff:192.0.2.0/120`): callers' addresses are compared
/// as those of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let inside = match network {
        IpNet::V6(network) => {
            network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(96))
        }
        IpNet::V4(_) => None,
    };
    inside.and_then(|(address, length)| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

/// A network as people write it: a single address without its prefix.
pub(super) fn network_text(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// Whether `now` holds an address that `was` does not; an empty list holds all.
pub(super) fn covers_more(was: &[IpNet], now: &[IpNet]) -> bool {
    if was.is_empty() {
        return false;
    }
    let was = IpNet::aggregate(&was.to_vec());
    now.is_empty() || now.iter().any(|network| !was.iter().any(|known| known.contains(network)))
}

/// Origins as browsers send them.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let mut origins = Vec::new();
    for entry in entries(text)? {
        let origin = origin(entry).ok_or_else(|| {
            format!(
                "“{}” is no origin. Enter https://host or https://host:port without a path; plain http only for this computer, like http://localhost:6274.",
                shown(entry)
            )
        })?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

fn origin(entry: &str) -> Option<String> {
    let url = Url::parse(entry).ok()?;
    let is_bare = url.path() == "/"
        && !entry.ends_with(['?', '#', '\\'])
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !entry.contains('@');
    let is_loopback = match url.host()? {
        // A star would be taken for a pattern, and there are none.
        Host::Domain(name) if name.contains('*') => return None,
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    (is_bare && is_safe).then(|| url.origin().ascii_serialization())
}

fn shown(entry: &str) -> String {
    let mut shown: String = entry.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if entry.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
