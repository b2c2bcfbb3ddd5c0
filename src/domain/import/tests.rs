use serde_json::json;

use super::*;

fn store(object: Json) -> Result<Record, Vec<Problem>> {
    Record::from_json(Entity::Stores, object.as_object().unwrap())
}

fn contact(object: Json) -> Result<Record, Vec<Problem>> {
    Record::from_json(Entity::Contacts, object.as_object().unwrap())
}

/// The same of a line of a file.
fn line_value(name: &str, json: &str) -> Result<Value, String> {
    value(name, serde_json::from_str(json).unwrap())
}

/// What a store's column becomes.
fn value(name: &str, json: Json) -> Result<Value, String> {
    let mut record =
        store(json!({"domain": "a.example", name: json})).map_err(|p| p[0].to_string())?;
    Ok(record.values.remove(name).unwrap())
}

#[test]
fn the_domain_is_kept_in_one_spelling_and_required() {
    assert_eq!(
        store(json!({"domain": "WWW.Bücher.example"})).unwrap().key,
        "xn--bcher-kva.example"
    );
    for wrong in [json!({}), json!({"domain": null}), json!({"domain": " "}), json!({"domain": 7})]
    {
        let problems = store(wrong.clone()).unwrap_err();
        assert_eq!(problems.len(), 1, "{wrong}");
        assert_eq!(problems[0].field.as_deref(), Some("domain"), "{wrong}");
    }
}

#[test]
fn every_problem_of_a_line_is_named() {
    let problems = store(json!({
        "domain": "a.example", "country": "USA", "products": -1, "colour": "red", "plus": "maybe",
    }))
    .unwrap_err();
    let fields: Vec<_> = problems.iter().map(|p| p.field.as_deref().unwrap()).collect();
    assert_eq!(fields, ["country", "products", "colour", "plus"]);
    assert_eq!(problems[0].to_string(), "country: takes two-letter codes, like US");
}

#[test]
fn counts_are_plain_digits() {
    for (json, number) in [(json!(0), 0), (json!("12"), 12), (json!(5_000), 5_000)] {
        assert_eq!(value("products", json), Ok(Value::Number(number)));
    }
    for wrong in [
        json!("1,234"),
        json!("1_000"),
        json!("+5"),
        json!("-1"),
        json!(1.5),
        json!(-3),
        json!("1e3"),
        json!("99999999999999999999"),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(true),
        json!([1]),
        json!({"n": 1}),
    ] {
        assert!(value("products", wrong.clone()).is_err(), "{wrong}");
    }
}

/// Programs whose numbers all have fractions write whole ones so; to JSON they are the same.
#[test]
fn a_whole_number_of_json_may_have_a_point_or_an_exponent() {
    for (text, number) in
        [("5.0", 5), ("1e3", 1_000), ("-0.0", 0), ("2.5E1", 25), ("1e15", 1_000_000_000_000_000)]
    {
        assert_eq!(line_value("products", text), Ok(Value::Number(number)), "{text}");
    }
    for (text, reason) in [
        ("5.5", "digits only"),
        ("-5.0", "digits only"),
        ("1e16", "larger than 1000000000000000"),
        ("18446744073709551615", "larger than 1000000000000000"),
    ] {
        let told = line_value("products", text).unwrap_err();
        assert!(told.ends_with(reason), "{text}: {told}");
    }
    assert_eq!(line_value("ads", "1.0"), Ok(Value::Flag(true)));
    let key =
        |text: &str| contact(json!({"external_id": serde_json::from_str::<Json>(text).unwrap()}));
    assert_eq!(key("17.0").unwrap().key, "17");
    assert!(key("17.5").is_err() && key("1e300").is_err());
}

#[test]
fn flags_have_three_spellings() {
    for yes in [json!(true), json!("YES"), json!("1"), json!(1), json!("true")] {
        assert_eq!(value("ads", yes), Ok(Value::Flag(true)));
    }
    for no in [json!(false), json!("no"), json!(0)] {
        assert_eq!(value("ads", no), Ok(Value::Flag(false)));
    }
    assert!(value("ads", json!("on")).is_err() && value("ads", json!(2)).is_err());
}

#[test]
fn lists_are_split_and_hold_each_slug_once() {
    let expected = Ok(Value::List(vec!["Klaviyo".into(), "Judge Me".into()]));
    assert_eq!(value("apps", json!("Klaviyo; Judge Me ;;klaviyo")), expected);
    assert_eq!(value("apps", json!(["Klaviyo", "Judge Me", "judge  me"])), expected);
    assert!(value("apps", json!(["a", 1])).is_err());
    assert_eq!(slug("Judge  Me"), "judge-me");
}

#[test]
fn vocabulary_is_lower_case_and_countries_upper() {
    assert_eq!(value("platform", json!("Shopify Plus")), Ok(Value::Text("shopify-plus".into())));
    for spelled in ["home_garden", "Home_Garden ", "home garden", "home-garden", "home__garden"] {
        assert_eq!(value("category", json!(spelled)), Ok(Value::Text("home-garden".into())));
    }
    assert_eq!(value("category", json!("_")), Ok(Value::Text("_".into())));
    assert_eq!(value("theme", json!("my_theme")), Ok(Value::Text("my_theme".into())));
    assert_eq!(value("country", json!("de")), Ok(Value::Text("DE".into())));
    assert!(value("country", json!("D1")).is_err() && value("country", json!("é")).is_err());
}

#[test]
fn text_is_cleaned_and_long_descriptions_are_cut_off() {
    let odd = "a\u{feff}b\t\r\n c\u{7}\u{202e}d\u{e0041} \u{a0}e 👩‍👩‍👧";
    assert_eq!(value("description", json!(odd)), Ok(Value::Text("ab cd e 👩‍👩‍👧".into())));
    assert_eq!(value("description", json!("\u{feff}\u{1}")), Ok(Value::Null));
    assert_eq!(value("name", json!("\u{200b}\u{200d} \u{2060}\u{200d}")), Ok(Value::Null));
    assert_eq!(
        value("category", json!("Fash\u{200d}ion\u{200b}\u{e0101}")),
        Ok(Value::Text("fashion".into()))
    );
    assert_eq!(
        value("apps", json!(["\u{2060}", "Klaviyo"])),
        Ok(Value::List(vec!["Klaviyo".into()]))
    );
    let Ok(Value::Text(cut)) = value("description", json!("é".repeat(9_000))) else { panic!() };
    assert_eq!(cut.chars().count(), 4_000);
    assert!(value("name", json!("n".repeat(201))).unwrap_err().contains("200 characters"));
    for name in ["name", "description", "apps", "domain", "country"] {
        let reason = value(name, json!("a\0b")).unwrap_err();
        assert!(reason.contains("NUL"), "{name}: {reason}");
    }
}

#[test]
fn moments_are_rfc_3339_or_a_day() {
    assert_eq!(value("updated_at", json!("1970-01-02")), Ok(Value::Number(86_400_000)));
    assert_eq!(value("updated_at", json!("1970-01-01T01:00:00+01:00")), Ok(Value::Number(0)));
    for wrong in ["2026-1-5", "2026-13-01", "yesterday", "01/02/2026", "2026-11-30 10:00"] {
        assert!(value("updated_at", json!(wrong)).is_err(), "{wrong}");
    }
    assert!(value("updated_at", json!(1_700_000_000)).is_err());
}

#[test]
fn contact_channels_are_checked() {
    let good = contact(json!({
        "external_id": 17, "email": "Ann@Example.COM", "email_status": "Catch_All",
        "linkedin_url": "https://www.linkedin.com/in/ann",
    }))
    .unwrap();
    assert_eq!(good.key, "17");
    assert_eq!(good.values["email"], Value::Text("ann@example.com".into()));
    assert_eq!(good.values["email_status"], Value::Text("catch_all".into()));
    for (field, wrong) in [
        ("email", "ann"),
        ("email_status", "fine"),
        ("linkedin_url", "http://linkedin.com/in/ann"),
        ("linkedin_url", "https://linkedin.com.evil.example/in/ann"),
        ("linkedin_url", "https://a@linkedin.com/in/ann"),
        ("linkedin_url", "javascript:alert(1)"),
        ("store_domain", "localhost"),
    ] {
        let problems = contact(json!({"external_id": "c1", field: wrong})).unwrap_err();
        assert_eq!(problems[0].field.as_deref(), Some(field), "{wrong}");
    }
}

#[test]
fn a_header_with_an_unknown_double_or_missing_column_is_refused() {
    let read = |text: &str| header(Entity::Stores, text.split(','));
    assert_eq!(read("domain, name").unwrap().len(), 2);
    for (text, field) in
        [("name", "domain"), ("domain,domain", "domain"), ("domain,color", "color")]
    {
        assert_eq!(read(text).unwrap_err()[0].field.as_deref(), Some(field), "{text}");
    }
}

/// Whatever stands in a column without a name, nobody said what it is.
#[test]
fn columns_without_a_name_are_passed_over() {
    let columns = header(Entity::Stores, ["domain", "", "name", " ", ""].into_iter()).unwrap();
    let cells = ["a.example", "x", "A", "", "y"].into_iter();
    let record = Record::from_cells(Entity::Stores, &columns, cells).unwrap();
    assert_eq!(record.values, BTreeMap::from([("name".into(), Value::Text("A".into()))]));
    assert!(header(Entity::Stores, ["", "name"].into_iter()).is_err(), "the key is still wanted");
    assert!(store(json!({"domain": "a.example", "": "x"})).is_err(), "JSON has no such columns");
}

#[test]
fn absent_and_empty_cells_differ() {
    let columns = header(Entity::Stores, ["domain", "name"].into_iter()).unwrap();
    let cells = Record::from_cells(Entity::Stores, &columns, ["a.example", ""].into_iter());
    let record = cells.unwrap();
    assert_eq!(record.values.get("name"), Some(&Value::Null));
    assert_eq!(record.values.get("platform"), None);
}

#[test]
fn a_record_survives_being_staged_and_merged() {
    let mut first = store(json!({"domain": "a.example", "name": "A", "ads": true})).unwrap();
    let later = store(json!({"domain": "www.a.example", "name": null, "apps": "x"})).unwrap();
    first.merge(later);
    let text = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), first);
    assert_eq!(first.values["name"], Value::Null);
    assert_eq!(first.values["ads"], Value::Flag(true));
}

/// Two lines of one file are as two files: a word for one address says nothing of another.
#[test]
fn a_later_line_with_another_address_does_not_inherit_its_status() {
    let merged = |first: Json, later: Json| {
        let line = |mut line: Json| {
            line["external_id"] = json!("c1");
            contact(line).unwrap()
        };
        let mut first = line(first);
        first.merge(line(later));
        first.values.remove("email_status")
    };
    let word = |word: &str| Some(Value::Text(word.to_owned()));
    let valid = || json!({"email": "a@x.example", "email_status": "valid"});
    let gone = || json!({"email": "a@x.example", "email_status": "suppressed"});
    let early = || json!({"email_status": "valid"});
    for (first, later, expected) in [
        (valid(), json!({"email": "b@x.example"}), word("unknown")),
        (early(), json!({"email": "b@x.example"}), word("unknown")),
        (valid(), json!({"email": null}), word("unknown")),
        (valid(), json!({"email": "A@X.example"}), word("valid")),
        (valid(), json!({"title": "Head"}), word("valid")),
        (valid(), json!({"email": "b@x.example", "email_status": "bounced"}), word("bounced")),
        (gone(), json!({"email": "b@x.example"}), word("suppressed")),
        (gone(), json!({"email_status": ""}), word("suppressed")),
        (gone(), json!({"email": "b@x.example", "email_status": ""}), word("suppressed")),
        (gone(), json!({"email_status": "unknown"}), word("unknown")),
        (valid(), json!({"email_status": ""}), word("unknown")),
        (json!({"email": "a@x.example"}), json!({"email": "b@x.example"}), None),
    ] {
        assert_eq!(merged(first.clone(), later.clone()), expected, "{first} {later}");
    }
}
