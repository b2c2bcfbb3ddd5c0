//! How arguments of calls are read where what serde takes by itself is too much or too little.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// An object, and never a list of its values by position, which serde reads as one.
///
/// # Errors
/// When it is something else, or its members are not right.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_map(Object(PhantomData))
}

/// [`object`], or null.
///
/// # Errors
/// As [`object`].
pub fn object_or_null<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_option(Nullable(PhantomData))
}

/// A whole number, however it is written: to JSON, `5` and `5.0` are the same, and clients whose
/// numbers all have fractions send the latter.
///
/// # Errors
/// When it is something else.
pub fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    from.deserialize_any(Whole)
}

/// The whole number that a number with a fraction is, if its fraction is nothing.
pub fn whole_of(number: f64) -> Option<i64> {
    // Far above any limit, and far below where such numbers stop being exact.
    const LARGEST: f64 = 1e15;
    (number.fract() == 0.0 && number.abs() <= LARGEST).then_some(number as i64)
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

struct Nullable<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Nullable<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Option<T>, D::Error> {
        object(from).map(Some)
    }
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        whole_of(number).ok_or_else(|| E::custom("it must be a whole number"))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Inner {
        name: String,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Outer {
        #[serde(deserialize_with = "super::object")]
        inner: Inner,
        #[serde(default, deserialize_with = "super::object_or_null")]
        perhaps: Option<Inner>,
        #[serde(deserialize_with = "super::whole")]
        number: i64,
    }

    fn read(value: serde_json::Value) -> Result<Outer, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_are_no_objects_and_whole_numbers_may_have_a_point() {
        let inner = || Inner { name: "a".into() };
        let good = json!({"inner": {"name": "a"}, "perhaps": null, "number": 5.0});
        assert_eq!(read(good), Ok(Outer { inner: inner(), perhaps: None, number: 5 }));
        let good = json!({"inner": {"name": "a"}, "perhaps": {"name": "a"}, "number": 5});
        assert_eq!(read(good), Ok(Outer { inner: inner(), perhaps: Some(inner()), number: 5 }));
        for bad in [
            json!({"inner": ["a"], "number": 1}),
            json!({"inner": {"name": "a"}, "perhaps": ["a"], "number": 1}),
            json!({"inner": {"name": "a"}, "number": 1.5}),
            json!({"inner": {"name": "a"}, "number": 1e300}),
            json!({"inner": {"name": "a"}, "number": "1"}),
        ] {
            let told = read(bad.clone()).unwrap_err();
            assert!(!told.contains("struct") && !told.contains("i64"), "{bad}: {told}");
        }
    }
}
