//! JSON that is only looked at where a pattern asks: what is asked for is found, the rest is skipped
//! without being built, so that a large body costs time and no memory.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of these names in a JSON object; of two with one name the last counts. Nothing is
/// found in what is no object.
pub(super) fn fields<'a>(json: &'a RawValue, names: &[&str]) -> Vec<Option<&'a RawValue>> {
    let mut reader = serde_json::Deserializer::from_str(json.get());
    (reader.deserialize_map(Fields(names))).unwrap_or_else(|_| vec![None; names.len()])
}

struct Fields<'n>(&'n [&'n str]);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(key) = map.next_key::<&'de RawValue>()? {
            let place = text(key).and_then(|key| self.0.iter().position(|name| *name == key));
            match place {
                Some(place) => found[place] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// A JSON string. JSON can write some that are no text: half a surrogate pair.
pub(super) fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let text = serde_json::from_str::<Text<'_>>(json.get());
    text.ok().map(|Text(text)| text)
}

/// Lists inside lists are looked into this deep, which bounds the work that a body can make.
const DEEPEST: usize = 32;

/// The elements of a list, those of lists inside it among them; what is no list is its own element.
pub(super) fn elements(json: &RawValue) -> Vec<&RawValue> {
    let mut level = vec![json];
    let mut found = Vec::new();
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for value in level {
            if value.get().starts_with('[') {
                next.append(&mut serde_json::from_str(value.get()).unwrap_or_default());
            } else {
                found.push(value);
            }
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    found
}
