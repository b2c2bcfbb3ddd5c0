//! How long a fetched document is good, by the headers it came with (RFC 9111 §4.2), within bounds
//! of our own (checklist D23).

use chrono::DateTime;

use crate::clock::Timestamp;

/// However short a host wants it, a document is good so long, seconds: a person reloads the page,
/// and several clients begin at once; nobody should make the host pay for each.
pub const SHORTEST_SECONDS: i64 = 60;
/// However long a host wants it, seconds.
pub const LONGEST_SECONDS: i64 = 86_400;
/// Without a word from the host, seconds.
pub const UNSAID_SECONDS: i64 = 3600;

/// The headers that matter; a header that came twice is joined with commas.
#[derive(Debug, Clone, Default)]
pub struct CacheHeaders {
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Age`.
    pub age: Option<String>,
    /// `Expires`.
    pub expires: Option<String>,
}

/// For how many seconds from `now` on the document is good.
pub fn seconds(headers: &CacheHeaders, now: Timestamp) -> i64 {
    wanted(headers, now).clamp(SHORTEST_SECONDS, LONGEST_SECONDS)
}

fn wanted(headers: &CacheHeaders, now: Timestamp) -> i64 {
    let mut max_age = None;
    for directive in headers.cache_control.iter().flat_map(|text| text.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return 0,
            // Of two, or of one that cannot be read, the shorter: stale is the safe reading.
            "max-age" => {
                let seconds = number(value.trim().trim_matches('"'));
                max_age = Some(max_age.map_or(seconds, |known: i64| known.min(seconds)));
            }
            _ => {}
        }
    }
    if let Some(max_age) = max_age {
        return max_age - headers.age.as_deref().map_or(0, |age| number(age.trim()));
    }
    match headers.expires.as_deref() {
        Some(date) => DateTime::parse_from_rfc2822(date.trim())
            .map_or(0, |end| end.timestamp().saturating_sub(now.seconds())),
        None => UNSAID_SECONDS,
    }
}

/// A number of seconds; beyond what we keep there is no difference, and what is no number is 0.
fn number(text: &str) -> i64 {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(i64::from(u32::MAX)).min(i64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_797_336_030_000);

    fn of(cache_control: Option<&str>, age: Option<&str>, expires: Option<&str>) -> i64 {
        let headers = CacheHeaders {
            cache_control: cache_control.map(str::to_owned),
            age: age.map(str::to_owned),
            expires: expires.map(str::to_owned),
        };
        seconds(&headers, NOW)
    }

    #[test]
    fn the_host_decides_within_our_bounds() {
        for (cache_control, age, expected) in [
            (None, None, 3600),
            (Some("public"), None, 3600),
            (Some("max-age=600"), None, 600),
            (Some("public, Max-Age=\"600\", immutable"), None, 600),
            (Some("max-age=600"), Some("500"), 100),
            (Some("max-age=600"), Some("9999999999999999999999"), 60),
            (Some("max-age=600, max-age=300"), None, 300),
            (Some("max-age=99999999999999999999"), None, 86_400),
            (Some("max-age=31536000"), None, 86_400),
            (Some("max-age=1"), None, 60),
            (Some("max-age=-1"), None, 60),
            (Some("max-age="), None, 60),
            (Some("no-store"), None, 60),
            (Some("max-age=600, no-cache"), None, 60),
        ] {
            assert_eq!(of(cache_control, age, None), expected, "{cache_control:?} {age:?}");
        }
    }

    #[test]
    fn expires_counts_where_nothing_better_is_said() {
        let at = |seconds| {
            let date = NOW.plus_seconds(seconds).to_utc();
            date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
        };
        assert_eq!(of(None, None, Some(&at(7200))), 7200);
        assert_eq!(of(None, None, Some(&at(-7200))), 60);
        assert_eq!(of(None, None, Some("0")), 60);
        assert_eq!(of(Some("max-age=120"), None, Some(&at(7200))), 120);
    }

    proptest! {
        #[test]
        fn no_header_leaves_the_bounds(control in ".{0,40}", age in ".{0,20}", expires in ".{0,40}") {
            let kept = of(Some(&control), Some(&age), Some(&expires));
            prop_assert!((SHORTEST_SECONDS..=LONGEST_SECONDS).contains(&kept));
        }
    }
}
