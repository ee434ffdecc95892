//! What the SDK does not do with a bucket's lists: tell what it has left out of an answer, and sign a request in the way that older stores want.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{RuleKind, RulesError};

/// Remembers the body of an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered(Arc<Mutex<Vec<u8>>>);

impl Intercept for Answered {
    fn name(&self) -> &'static str {
        "the answer as it came"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        Ok(())
    }
}

impl Answered {
    /// Fails if there is an element in the answer that the SDK does not know, and so has left out.
    pub(super) fn has_only(&self, known: &[&str], kind: RuleKind) -> Result<(), RulesError> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match unknown(&body, known) {
            None => Ok(()),
            Some(element) => Err(RulesError::Unknown { kind, element }),
        }
    }
}

/// The first element that is not `known`. What is no XML counts as one: the SDK has read it and we cannot.
fn unknown(xml: &[u8], known: &[&str]) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                let name = String::from_utf8_lossy(element.local_name().into_inner()).into_owned();
                if !known.contains(&name.as_str()) {
                    return Some(name);
                }
            }
            Ok(Event::Eof) => return None,
            Ok(_) => {}
            Err(_) => return Some("what is no XML".to_owned()),
        }
    }
}

/// Older stores know no other sum for these requests.
pub(super) fn with_md5(request: &mut HttpRequest) {
    if let Some(body) = request.body().bytes() {
        let sum = STANDARD.encode(Md5::digest(body));
        request.headers_mut().insert("content-md5", sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sdk_would_leave_out_is_found() {
        let known = ["List", "Rule", "ID"];
        let rules = |inside: &str| {
            format!("<?xml version='1.0'?><List xmlns='urn:x'><Rule><ID>Odd</ID>{inside}</Rule></List>")
        };
        assert_eq!(unknown(rules("").as_bytes(), &known), None);
        assert_eq!(unknown(rules("<x:ID xmlns:x='urn:x'/>").as_bytes(), &known), None);
        assert_eq!(unknown(rules("<Odd>1</Odd>").as_bytes(), &known).as_deref(), Some("Odd"));
        assert_eq!(unknown(rules("<Odd/>").as_bytes(), &known).as_deref(), Some("Odd"));
        assert_eq!(unknown(b"", &known), None, "no list");
        assert!(unknown(rules("</ID>").as_bytes(), &known).is_some(), "broken");
    }
}
