//! JSON objects without duplicate members, on any level.
//!
//! `serde_json` keeps the last of two equal names; another parser may keep the first and see another user.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What is wrong with bytes that should be one JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonFault {
    /// They are no JSON object.
    NotAnObject,
    /// A member name occurs twice in one object.
    Duplicate,
}

/// Parses `bytes` as one JSON object.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let duplicate = Cell::new(false);
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = Unique(&duplicate).deserialize(&mut parser);
    match parsed.and_then(|value| parser.end().map(|()| value)) {
        Ok(Value::Object(members)) => Ok(members),
        _ if duplicate.get() => Err(JsonFault::Duplicate),
        _ => Err(JsonFault::NotAnObject),
    }
}

/// Builds a value, and raises the flag at the first duplicate.
#[derive(Clone, Copy)]
struct Unique<'flag>(&'flag Cell<bool>);

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
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
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.insert(name, value).is_some() {
                self.0.set(true);
                return Err(A::Error::custom("a member occurs twice"));
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
            assert_eq!(parse_object(text.as_bytes()), Err(JsonFault::Duplicate), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in ["[1]", "1", "\"x\"", "", "{", "{} {}", "{\"a\":1e999}", "\u{feff}{}"] {
            assert_eq!(parse_object(text.as_bytes()), Err(JsonFault::NotAnObject), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse_object(format!("{{\"a\":{deep}").as_bytes()), Err(JsonFault::NotAnObject));
    }
}
