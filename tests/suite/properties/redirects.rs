//! Redirect matching: nothing that differs matches, but for the port of loopback (checklist E1 to
//! E3, SECURITY-CHECKLIST §1, 3).

use portcullis::domain::redirect::{Kind, check, matches};
use proptest::prelude::*;

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("localhost".to_owned()),
        Just("127.0.0.1".to_owned()),
        Just("[::1]".to_owned()),
        "[a-z]{1,8}\\.example",
        "127\\.0\\.0\\.1\\.[a-z]{1,5}",
        "localhost\\.[a-z]{1,5}",
    ]
}

fn uri() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![Just("http"), Just("https"), Just("cursor"), Just("com.example.app")];
    let port = prop_oneof![Just(String::new()), (1_u16..).prop_map(|port| format!(":{port}"))];
    (scheme, host(), port, "(/[a-zA-Z0-9%._~-]{0,6}){0,3}", "(\\?[a-z]=[a-z0-9]{0,3})?").prop_map(
        |(scheme, host, port, path, query)| format!("{scheme}://{host}{port}{path}{query}"),
    )
}

/// The URI without the port of its authority.
fn without_port(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && !host.is_empty()
                && !authority.ends_with(']') =>
        {
            host
        }
        _ => authority,
    };
    format!("{scheme}://{host}{tail}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Rows: E1, E2, E3
    #[test]
    fn two_that_match_are_equal_or_loopback_and_differ_in_the_port(a in uri(), b in uri()) {
        if a != b && matches(&a, &b) {
            prop_assert_eq!(check(&a), Ok(Kind::Loopback));
            prop_assert_eq!(check(&b), Ok(Kind::Loopback));
            prop_assert_eq!(without_port(&a), without_port(&b));
        }
    }

    /// Rows: E2, E3
    #[test]
    fn the_port_of_loopback_is_free(
        host in prop_oneof![Just("localhost"), Just("127.0.0.1"), Just("[::1]")],
        registered in proptest::option::of(1_u16..), asked in 1_u16.., tail in "/[a-z]{0,8}(\\?[a-z]=[0-9])?",
    ) {
        let with = |port: Option<u16>| format!("http://{host}{}{tail}", port.map(|port| format!(":{port}")).unwrap_or_default());
        prop_assert!(matches(&with(registered), &with(Some(asked))));
    }

    /// Rows: E1
    #[test]
    fn one_changed_character_is_another_address(uri in uri(), place in any::<prop::sample::Index>(), to in "[a-z0-9/?@:#\\\\.%A-Z]") {
        let at = place.index(uri.len());
        let mut changed: Vec<char> = uri.chars().collect();
        changed[at] = to.chars().next().unwrap();
        let changed: String = changed.into_iter().collect();
        if changed != uri && matches(&uri, &changed) {
            prop_assert_eq!(check(&uri), Ok(Kind::Loopback));
            prop_assert_eq!(without_port(&uri), without_port(&changed));
        }
    }

    #[test]
    fn nothing_makes_the_check_panic(text in "\\PC{0,60}", prefix in prop_oneof![Just(""), Just("http://"), Just("https://"), Just("http://localhost:")]) {
        let uri = format!("{prefix}{text}");
        let verdict = check(&uri);
        prop_assert!(matches(&uri, &uri));
        if verdict == Ok(Kind::Loopback) {
            let url = url::Url::parse(&uri).unwrap();
            prop_assert!(["localhost", "127.0.0.1", "[::1]"].contains(&url.host_str().unwrap()), "{}", uri);
            prop_assert!(url.username().is_empty());
        }
    }
}
