use std::collections::BTreeSet;

use super::*;

/// Old value, new value, whether that widens.
type Steps = &'static [(&'static str, &'static str, bool)];

/// The default settings with one value changed.
fn with(name: &str, value: &str) -> Settings {
    let mut settings = Settings::default();
    find(name).unwrap().put(&mut settings, value).unwrap();
    settings
}

fn refused(name: &str, value: &str) -> String {
    let mut settings = Settings::default();
    let message = find(name).unwrap().put(&mut settings, value).unwrap_err();
    assert_eq!(settings, Settings::default(), "{name} {value:?}");
    message
}

#[test]
fn an_unreadable_value_keeps_its_default_and_is_named() {
    let rows = [
        ("code_seconds", "9999"),
        ("mcp_enabled", "no"),
        ("allowed_ips", "192.0.2.0/24 2001:db8::1"),
        ("of_a_later_version", "yes"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let (settings, unreadable) = Settings::from_rows(&rows);
    assert_eq!(settings.code_seconds, 60);
    assert!(!settings.mcp_enabled);
    assert_eq!(settings.allowed_ips.len(), 2);
    assert_eq!(unreadable, ["code_seconds", "of_a_later_version"]);
}

/// Contract §9, Settings (defaults).
#[test]
fn the_defaults_are_those_of_the_contract() {
    let promised = [
        ("mcp_enabled", "yes", "Yes"),
        ("allowed_ips", "", "Empty (all addresses)"),
        ("allowed_origins", "", "Empty (none)"),
        ("dynamic_registration", "yes", "Yes"),
        ("metadata_documents", "known", "Known"),
        ("access_token_seconds", "3600", "1 hour"),
        ("refresh_token_seconds", "2592000", "30 days"),
        ("refresh_absolute_seconds", "15552000", "180 days"),
        ("refresh_retry_seconds", "60", "1 minute"),
        ("code_seconds", "60", "1 minute"),
        ("require_consent", "yes", "Yes"),
        ("personal_access_tokens", "no", "No"),
        ("personal_token_days", "365", "365 days"),
        ("activity_days", "90", "90 days"),
        ("audit_days", "400", "400 days"),
        ("new_client_mail", "yes", "Yes"),
    ];
    let usual = Settings::default();
    let told: Vec<_> =
        SETTINGS.iter().map(|row| (row.name, row.stored(&usual), row.default_in_words())).collect();
    let promised: Vec<_> =
        promised.map(|(name, stored, words)| (name, stored.to_owned(), words.to_owned())).into();
    assert_eq!(told, promised);
    assert!(usual.problems().is_empty());
}

#[test]
fn every_row_is_told_apart_and_read_back_as_it_is_written() {
    let names: BTreeSet<_> = SETTINGS.iter().map(|row| row.name).collect();
    let titles: BTreeSet<_> = SETTINGS.iter().map(|row| row.title).collect();
    assert_eq!((names.len(), titles.len()), (SETTINGS.len(), SETTINGS.len()));
    let settings = Settings {
        allowed_ips: lists::networks("192.0.2.7\n2001:db8::/32").unwrap(),
        allowed_origins: lists::origins("https://inspector.example").unwrap(),
        metadata_documents: MetadataDocuments::On,
        personal_access_tokens: true,
        activity_days: 31,
        ..Settings::default()
    };
    let (again, unreadable) = Settings::from_rows(&settings.to_rows());
    assert_eq!((again, unreadable), (settings, Vec::new()));
    for row in &SETTINGS {
        assert!(GROUPS.contains(&row.group), "{}", row.name);
        for words in [row.about, row.when, row.up, row.down] {
            assert!(words.ends_with('.'), "{}: {words}", row.name);
        }
    }
}

/// Contract §9, Password re-entry: settings that widen access.
#[test]
fn what_opens_the_gate_further_is_known_of_each_setting() {
    const ALL: &str = "0.0.0.0/0 ::/0";
    let cases: &[(&str, Steps)] = &[
        ("mcp_enabled", &[("no", "yes", true), ("yes", "no", false)]),
        (
            "allowed_ips",
            &[
                ("", "192.0.2.0/24", false),
                ("", ALL, false),
                ("192.0.2.0/24", "", true),
                ("192.0.2.0/24", "192.0.2.7", false),
                ("192.0.2.7", "192.0.2.0/24", true),
                ("192.0.2.0/24", "192.0.2.0/24 198.51.100.1", true),
                ("192.0.2.0/24", "198.51.100.1", true),
                ("192.0.2.0/25 192.0.2.128/25", "192.0.2.0/24", false),
                ("192.0.2.0/24", "2001:db8::/32", true),
            ],
        ),
        (
            "allowed_origins",
            &[
                ("", "https://a.example", true),
                ("https://a.example", "", false),
                ("https://a.example", "https://b.example", true),
                ("https://a.example https://b.example", "https://b.example", false),
            ],
        ),
        ("dynamic_registration", &[("no", "yes", true), ("yes", "no", false)]),
        (
            "metadata_documents",
            &[
                ("off", "known", true),
                ("known", "on", true),
                ("off", "on", true),
                ("on", "known", false),
                ("known", "off", false),
            ],
        ),
        ("access_token_seconds", &[("3600", "3601", true), ("3600", "900", false)]),
        ("refresh_token_seconds", &[("3600", "7200", true), ("7200", "3600", false)]),
        ("refresh_absolute_seconds", &[("3600", "7200", true), ("7200", "3600", false)]),
        ("refresh_retry_seconds", &[("0", "1", true), ("60", "0", false)]),
        ("code_seconds", &[("60", "600", true), ("60", "10", false)]),
        ("require_consent", &[("yes", "no", true), ("no", "yes", false)]),
        ("personal_access_tokens", &[("no", "yes", true), ("yes", "no", false)]),
        ("personal_token_days", &[("30", "31", true), ("365", "30", false)]),
        // Records are gone for good when they are kept for less: whoever covers tracks needs the password.
        ("activity_days", &[("90", "400", false), ("90", "31", true)]),
        ("audit_days", &[("90", "400", false), ("90", "31", true)]),
        ("new_client_mail", &[("yes", "no", false), ("no", "yes", false)]),
    ];
    assert!(SETTINGS.iter().map(|row| row.name).eq(cases.iter().map(|(name, _)| *name)));
    for (name, steps) in cases {
        let row = find(name).unwrap();
        for (was, now, widens) in *steps {
            let (was, now) = (with(name, was), with(name, now));
            assert_eq!(row.widens(&was, &now), *widens, "{name}: {was:?} to {now:?}");
            assert!(!row.widens(&now, &now), "{name}: nothing changes");
        }
    }
}

#[test]
fn numbers_are_whole_and_within_their_bounds() {
    for row in &SETTINGS {
        let Kind::Number { least, most, .. } = &row.kind else { continue };
        for good in [least, most] {
            assert_eq!(row.stored(&with(row.name, &format!(" {good} "))), good.to_string());
        }
        let (below, above) = ((least - 1).to_string(), (most + 1).to_string());
        for bad in [&below, &above, "", "1e3", "+60", "-0", "60.0", "６０", "99999999999999999999"]
        {
            let message = refused(row.name, bad);
            assert!(message.starts_with(row.title) && message.contains(&most.to_string()));
        }
    }
    assert!(refused("mcp_enabled", "on").contains("Yes or No"));
    assert!(refused("metadata_documents", "KNOWN").contains("Off, Known or On"));
}

#[test]
fn networks_are_read_as_people_write_them() {
    let read = |text: &str| find("allowed_ips").unwrap().stored(&with("allowed_ips", text));
    assert_eq!(
        read("192.0.2.7,\r\n 192.0.2.99/24\t2001:DB8::1 192.0.2.7"),
        "192.0.2.7 192.0.2.0/24 2001:db8::1"
    );
    assert_eq!(read("::ffff:192.0.2.7"), "192.0.2.7", "as callers' addresses are compared");
    assert_eq!(read("::ffff:192.0.2.0/120"), "192.0.2.0/24", "likewise");
    assert_eq!(read("::ffff:192.0.2.99/120 ::/64"), "192.0.2.0/24 ::/64");
    for bad in ["localhost", "192.0.2.0/33", "192.0.2", "192.0.2.*", "<script>", "192.0.2.1-9"] {
        assert!(refused("allowed_ips", bad).contains(bad));
    }
    let many = "192.0.2.1 ".repeat(lists::MOST + 1);
    assert!(refused("allowed_ips", &many).contains("at most 200"));
    assert!(refused("allowed_ips", &"x".repeat(5000)).len() < 400, "not all of it is repeated");
}

#[test]
fn origins_are_those_that_browsers_send() {
    let read = |text: &str| find("allowed_origins").unwrap().stored(&with("allowed_origins", text));
    for (typed, origin) in [
        ("https://Inspector.Example", "https://inspector.example"),
        ("https://inspector.example/", "https://inspector.example"),
        ("https://inspector.example:443", "https://inspector.example"),
        ("https://inspector.example:8443", "https://inspector.example:8443"),
        ("http://localhost:6274", "http://localhost:6274"),
        ("http://127.0.0.1:6274", "http://127.0.0.1:6274"),
        ("http://[::1]:6274", "http://[::1]:6274"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ] {
        assert_eq!(read(typed), origin, "{typed}");
    }
    for bad in [
        "http://inspector.example",
        "https://inspector.example/path",
        "https://inspector.example?q",
        "https://inspector.example/#",
        "https://ann@inspector.example",
        "https://*.example",
        "inspector.example",
        "null",
        "*",
        "file:///etc",
        "javascript:alert(1)",
        "chrome-extension://abc",
        "http://localhost.evil.example",
    ] {
        assert!(refused("allowed_origins", bad).contains("no origin"), "{bad}");
    }
}

#[test]
fn lifetimes_that_contradict_each_other_are_named() {
    let named = |settings: &Settings| -> Vec<_> {
        settings.problems().into_iter().map(|problem| problem.name).collect()
    };
    assert_eq!(named(&with("refresh_absolute_seconds", "2591999")), ["refresh_token_seconds"]);
    assert!(named(&with("refresh_absolute_seconds", "2592000")).is_empty());
    let short =
        Settings { refresh_token_seconds: 3600, access_token_seconds: 3601, ..Settings::default() };
    assert_eq!(named(&short), ["access_token_seconds"]);
    let out = Settings { code_seconds: 601, ..Settings::default() };
    assert_eq!(named(&out), ["code_seconds"]);
}

#[test]
fn numbers_are_said_in_the_units_people_use() {
    let said = |name: &str, value: &str| find(name).unwrap().words(&with(name, value));
    assert_eq!(said("access_token_seconds", "3600"), "3600 seconds (1 hour)");
    assert_eq!(said("access_token_seconds", "5430"), "5430 seconds (1 hour 30 minutes 30 seconds)");
    assert_eq!(said("refresh_token_seconds", "2592000"), "2592000 seconds (30 days)");
    assert_eq!(said("refresh_retry_seconds", "0"), "0 seconds");
    assert_eq!(said("refresh_retry_seconds", "1"), "1 second");
    assert_eq!(said("personal_token_days", "1"), "1 day");
    let many = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7";
    assert!(said("allowed_ips", many).ends_with("192.0.2.5 and 2 more"));
}
