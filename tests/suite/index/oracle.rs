//! The naive search: every row against every key of the filter, in the words of the contract.

use std::collections::HashSet;

use portcullis::domain::filter::StoreSort;
use serde_json::{Value, json};

use super::data::{
    APPS, CATEGORIES, COUNTRIES, PIXELS, PLATFORMS, ROLES, Random, SENIORITIES, THEMES,
};

fn any_of(filter: &Value, key: &str, value: &Value) -> bool {
    filter[key].as_array().is_none_or(|list| list.contains(value))
}

fn shares(list: &Value, values: &Value) -> bool {
    list.as_array().unwrap().iter().any(|wanted| values.as_array().unwrap().contains(wanted))
}

fn tier(number: &Value, first: i64) -> Value {
    let Some(number) = number.as_i64() else { return Value::Null };
    let names = ["micro", "small", "medium", "large", "enterprise"];
    let above = (0..4).filter(|power| number >= first * 10_i64.pow(*power)).count();
    json!(names[above])
}

/// Whether any of the texts holds `q`, whatever the case.
pub fn holds(q: &Value, texts: &[&Value]) -> bool {
    let plain = |text: &str| {
        let upper = text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        upper.chars().flat_map(char::to_lowercase).collect::<String>()
    };
    q.as_str().is_none_or(|q| {
        texts.iter().any(|text| text.as_str().is_some_and(|text| plain(text).contains(&plain(q))))
    })
}

pub fn store_matches(filter: &Value, store: &Value, with_contacts: &HashSet<String>) -> bool {
    let has = with_contacts.contains(store["domain"].as_str().unwrap());
    let flag = |key: &str| filter[key].is_null() || filter[key] == store[key];
    ["country", "category", "platform", "theme"].iter().all(|key| any_of(filter, key, &store[*key]))
        && any_of(filter, "traffic", &tier(&store["monthly_visits"], 1_000))
        && any_of(filter, "revenue", &tier(&store["revenue_usd"], 100_000))
        && ["apps", "pixels"].iter().all(|key| {
            let missing = &filter[format!("missing_{key}")];
            (filter[*key].is_null() || shares(&filter[*key], &store[*key]))
                && (missing.is_null() || !shares(missing, &store[*key]))
        })
        && flag("ads")
        && flag("plus")
        && filter["has_contacts"].as_bool().is_none_or(|wanted| wanted == has)
        && holds(&filter["q"], &[&store["domain"], &store["name"], &store["description"]])
}

/// Domains in the order of the sort; `stores` are in the order in which they were added.
pub fn stores(
    filter: &Value,
    sort: StoreSort,
    stores: &[Value],
    with_contacts: &HashSet<String>,
) -> Vec<String> {
    let mut found: Vec<(usize, &Value)> = stores
        .iter()
        .enumerate()
        .filter(|(_, store)| store_matches(filter, store, with_contacts))
        .collect();
    let by = match sort {
        StoreSort::Added => None,
        StoreSort::TrafficDesc => Some("monthly_visits"),
        StoreSort::RevenueDesc => Some("revenue_usd"),
    };
    if let Some(column) = by {
        found.sort_by_key(|(place, store)| std::cmp::Reverse((store[column].as_i64(), *place)));
    }
    found.into_iter().map(|(_, store)| store["domain"].as_str().unwrap().to_owned()).collect()
}

/// Last names, sorted.
pub fn contacts(
    filter: &Value,
    stores: &[Value],
    contacts: &[Value],
    with_contacts: &HashSet<String>,
) -> Vec<String> {
    let matches = |contact: &&Value| {
        let store = stores.iter().find(|store| store["domain"] == contact["store_domain"]);
        let name = json!(format!(
            "{} {}",
            contact["first_name"].as_str().unwrap(),
            contact["last_name"].as_str().unwrap()
        ));
        ["role", "seniority", "country"].iter().all(|key| any_of(filter, key, &contact[*key]))
            && (filter["technology"].is_null()
                || store.is_some_and(|store| {
                    shares(&filter["technology"], &store["apps"])
                        || shares(&filter["technology"], &store["pixels"])
                }))
            && (filter["store"].is_null()
                || store.is_some_and(|store| store_matches(&filter["store"], store, with_contacts)))
            && holds(&filter["q"], &[&name, &contact["title"], &contact["store_domain"]])
    };
    let mut names: Vec<String> = contacts
        .iter()
        .filter(matches)
        .map(|contact| contact["last_name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn list(random: &mut Random, values: &[&str]) -> Value {
    let mut list: Vec<&str> = (0..=random.below(2)).map(|_| random.pick(values)).collect();
    if random.percent(10) {
        list.push("zw");
    }
    json!(list)
}

/// A part of a text, as somebody would type it.
fn part(random: &mut Random, text: &Value) -> Value {
    let letters: Vec<char> = text.as_str().unwrap().chars().collect();
    let from = random.below(letters.len() - 2);
    let to = (from + 3 + random.below(6)).min(letters.len());
    let part: String = letters[from..to].iter().collect();
    let part = if random.percent(50) { part.to_uppercase() } else { part };
    // Too short once the space around it is gone.
    if part.trim().chars().count() < 3 { Value::Null } else { json!(part) }
}

/// A random store filter, out of values that are there and a few that are not.
pub fn store_filter(random: &mut Random, stores: &[Value]) -> Value {
    let tiers = ["micro", "small", "medium", "large", "enterprise"];
    let keys: [(&str, &[&str]); 9] = [
        ("country", &COUNTRIES),
        ("category", &CATEGORIES),
        ("platform", &PLATFORMS),
        ("theme", &THEMES),
        ("apps", &APPS),
        ("pixels", &PIXELS),
        ("missing_apps", &APPS),
        ("missing_pixels", &PIXELS),
        ("traffic", &tiers),
    ];
    let mut filter = json!({});
    for (key, values) in keys {
        if random.percent(15) {
            filter[key] = list(random, values);
        }
    }
    if random.percent(10) {
        filter["revenue"] = json!([random.pick(&tiers)]);
    }
    if let Some(traffic) = filter["traffic"].as_array_mut() {
        traffic.retain(|tier| tier != "zw");
    }
    for key in ["ads", "plus", "has_contacts"] {
        if random.percent(10) {
            filter[key] = json!(random.percent(50));
        }
    }
    if random.percent(25) {
        let store = &stores[random.below(stores.len())];
        let column = random.pick(&["domain", "name", "description"]);
        filter["q"] = part(random, &store[column]);
    }
    filter.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    filter
}

/// A random contact filter.
pub fn contact_filter(random: &mut Random, stores: &[Value], contacts: &[Value]) -> Value {
    let technologies = [&APPS[..], &PIXELS[..]].concat();
    let keys: [(&str, &[&str]); 4] = [
        ("role", &ROLES),
        ("seniority", &SENIORITIES),
        ("country", &COUNTRIES),
        ("technology", &technologies),
    ];
    let mut filter = json!({});
    for (key, values) in keys {
        if random.percent(25) {
            filter[key] = list(random, values);
        }
    }
    if random.percent(30) {
        filter["store"] = store_filter(random, stores);
    }
    if random.percent(30) {
        let contact = &contacts[random.below(contacts.len())];
        let column = random.pick(&["first_name", "last_name", "title"]);
        filter["q"] = part(random, &contact[column]);
    }
    filter.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    filter
}
