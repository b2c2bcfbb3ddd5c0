//! JSON objects in which no member comes twice. To a reader that keeps the last of two, one line says
//! one thing and does another; what was meant is not ours to guess.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// An object as it was sent.
#[derive(Debug)]
pub struct Members {
    /// Its members, of one that comes twice the first.
    pub object: Map<String, Value>,
    /// Where a member comes twice, at whatever depth: `filters.q`.
    pub twice: Option<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut twice = None;
        let object = from.deserialize_map(Object(&mut twice))?;
        Ok(Self { object, twice })
    }
}

struct Object<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        read_members(members, self.0)
    }
}

fn read_members<'de, A: MapAccess<'de>>(
    mut members: A,
    twice: &mut Option<String>,
) -> Result<Map<String, Value>, A::Error> {
    let mut object = Map::new();
    while let Some(name) = members.next_key::<String>()? {
        let mut within = None;
        let value = members.next_value_seed(Any(&mut within))?;
        if let Some(within) = within {
            let point = if within.starts_with('[') { "" } else { "." };
            twice.get_or_insert_with(|| format!("{name}{point}{within}"));
        }
        match object.entry(name) {
            Entry::Vacant(place) => _ = place.insert(value),
            Entry::Occupied(place) => _ = twice.get_or_insert_with(|| place.key().clone()),
        }
    }
    Ok(object)
}

/// Any value, with the place where a member of it comes twice.
struct Any<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let mut within = None;
        while let Some(item) = items.next_element_seed(Any(&mut within))? {
            if let Some(within) = within.take() {
                let point = if within.starts_with('[') { "" } else { "." };
                self.0.get_or_insert_with(|| format!("[{}]{point}{within}", list.len()));
            }
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        read_members(members, self.0).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_comes_twice_is_told_with_its_place() {
        for (text, twice) in [
            (r#"{"a":1,"a":2}"#, Some("a")),
            (r#"{"a":1,"b":null,"\u0061":1}"#, Some("a")),
            (r#"{"a":{"b":{"c":1,"c":1}}}"#, Some("a.b.c")),
            (r#"{"a":[{},[{"b":1,"b":1}]]}"#, Some("a[1][0].b")),
            (r#"{"a":{"b":1},"b":{"b":1}}"#, None),
            (r#"{"a":[{"b":1},{"b":1}]}"#, None),
        ] {
            let members: Members = serde_json::from_str(text).unwrap();
            assert_eq!(members.twice.as_deref(), twice, "{text}");
        }
    }

    /// Everything else is read as it is read everywhere.
    #[test]
    fn values_are_what_they_are_elsewhere() {
        let text = r#"{"z":[1,-1,18446744073709551615,1.5,1e3,-0.0],"a":{"b":"\u00e9","c":[]},"n":null,"t":true}"#;
        let members: Members = serde_json::from_str(text).unwrap();
        assert_eq!(Value::Object(members.object), serde_json::from_str::<Value>(text).unwrap());
        for wrong in ["[]", "1", "\"a\"", "null", "{\"a\":}", "{\"a\":1", "{} {}"] {
            assert!(serde_json::from_str::<Members>(wrong).is_err(), "{wrong}");
        }
        let deep = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(serde_json::from_str::<Members>(&deep).is_err());
    }
}
