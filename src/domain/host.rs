//! Domain names of stores: one spelling for each, whatever was found (contract §12 `domain`).

/// Brings a found domain, host or URL to the one spelling the index keeps: lower case, ASCII
/// (punycode), without scheme, path, port, user, trailing dot, and without a leading `www.`.
///
/// # Errors
/// Says what is wrong with it.
pub fn normalise(found: &str) -> Result<String, &'static str> {
    let text = found.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next().unwrap_or(text);
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let text = text.split_once(':').map_or(text, |(host, _)| host);
    let text = text.trim_end_matches('.');
    if text.is_empty() {
        return Err("is empty");
    }
    let ascii = idna::domain_to_ascii_strict(text).map_err(|_| "is not a domain name")?;
    let host = ascii.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(&ascii);
    let (_, last) = host.rsplit_once('.').ok_or("needs at least two parts, like shop.example")?;
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err("is an address, not a domain name");
    }
    Ok(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn one_store_has_one_spelling() {
        for found in [
            "shop.example",
            "www.shop.example",
            "HTTPS://WWW.Shop.Example/cart?x=1",
            " shop.example. ",
            "shop.example:443",
        ] {
            assert_eq!(normalise(found).as_deref(), Ok("shop.example"), "{found}");
        }
        assert_eq!(normalise("bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(normalise("www.example").as_deref(), Ok("www.example"));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for found in [
            "",
            "   ",
            "localhost",
            "192.168.0.1",
            "a b.example",
            "-x.example",
            "shop..example",
            "https://",
        ] {
            assert!(normalise(found).is_err(), "{found:?}");
        }
    }
}
