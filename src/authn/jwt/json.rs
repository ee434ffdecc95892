//! JSON objects without duplicate members, on any level.
//!
//! `serde_json` keeps the last of two equal names; another parser may keep the first and see another user.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Refusal;

/// The message that tells a duplicate from other errors.
const DUPLICATE: &str = "duplicate member";

/// Parses `bytes` as one JSON object.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(bytes) {
        Ok(Unique(Value::Object(members))) => Ok(members),
        Err(error) if error.to_string().starts_with(DUPLICATE) => Err(Refusal::DuplicateMember),
        Ok(_) | Err(_) => Err(Refusal::TokenMalformed),
    }
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Unique(value) = members.next_value()?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_kind_of_value() {
        let text = r#"{"a":[1,-2,1.5,null,true,"x",{"b":{}}]}"#;
        let object = parse_object(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), text);
    }

    #[test]
    fn refuses_duplicates_on_any_level() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#] {
            assert_eq!(parse_object(text.as_bytes()), Err(Refusal::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in ["[1]", "1", "\"x\"", "", "{", "{} {}", "{\"a\":1e999}", "\u{feff}{}"] {
            assert_eq!(parse_object(text.as_bytes()), Err(Refusal::TokenMalformed), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse_object(format!("{{\"a\":{deep}").as_bytes()), Err(Refusal::TokenMalformed));
    }
}
