//! Which functions subscribed to which topic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use crate::retry_rules::{BadAnnotation, RetryRules};

/// The annotation with which a function subscribes.
const ANNOTATION: &str = "topic";

/// Topic → functions, as `name.namespace`, with how each wants to be tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicMap {
    topics: BTreeMap<String, BTreeMap<String, Arc<RetryRules>>>,
    bad: BTreeSet<BadAnnotation>,
}

/// A function as the gateway lists it; annotations may be missing or null.
#[derive(Debug, Deserialize)]
pub struct Listed {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, Option<String>>>,
}

/// A function subscribed under a name that cannot stand in a URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a function with a topic has the name {0:?}, which cannot be called")]
pub struct UnfitName(String);

impl TopicMap {
    /// Adds what the gateway listed for a namespace; `None` where it was asked without one.
    ///
    /// # Errors
    /// When a subscribed function has a name that no function can have. It is not left out: messages
    /// would be deleted that it never got.
    pub fn add(&mut self, namespace: Option<&str>, listed: Vec<Listed>) -> Result<(), UnfitName> {
        for function in listed {
            let namespace = function
                .namespace
                .as_deref()
                .filter(|ns| !ns.is_empty())
                .or(namespace);
            let path = match namespace {
                Some(namespace) => format!("{}.{namespace}", function.name),
                None => function.name.clone(),
            };
            let annotations = function.annotations.unwrap_or_default();
            let topics = annotations
                .get(ANNOTATION)
                .and_then(Option::as_deref)
                .unwrap_or_default();
            let topics = topics.split(',').map(str::trim);
            let mut topics = topics.filter(|topic| !topic.is_empty()).peekable();
            if topics.peek().is_none() {
                continue;
            }
            if !is_fit(&path) {
                return Err(UnfitName(path.chars().take(100).collect()));
            }
            let rules = Arc::new(RetryRules::read(&path, &annotations, &mut self.bad));
            for topic in topics {
                self.topics
                    .entry(topic.to_owned())
                    .or_default()
                    .insert(path.clone(), rules.clone());
            }
        }
        Ok(())
    }

    /// The functions subscribed to a topic, matched exactly, in a stable order.
    pub fn functions(&self, topic: &str) -> impl Iterator<Item = &str> {
        self.subscribers(topic).map(|(function, _)| function)
    }

    /// The same with how each wants to be tried again.
    pub fn subscribers(&self, topic: &str) -> impl Iterator<Item = (&str, &Arc<RetryRules>)> {
        let subscribers = self.topics.get(topic).into_iter().flatten();
        subscribers.map(|(function, rules)| (function.as_str(), rules))
    }

    /// The annotations that cannot be read; the defaults hold in their place.
    pub fn bad(&self) -> &BTreeSet<BadAnnotation> {
        &self.bad
    }

    /// Whether any function subscribed to a topic.
    pub fn has(&self, topic: &str) -> bool {
        self.topics.contains_key(topic)
    }

    /// Topics with the number of their functions.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.topics
            .iter()
            .map(|(topic, functions)| (topic.as_str(), functions.len()))
    }
}

/// Letters, digits, `-` and `_` between single dots, as Kubernetes and every other provider have them.
fn is_fit(path: &str) -> bool {
    path.split('.').all(|part| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !part.is_empty() && part.bytes().all(fits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(namespace: Option<&str>, json: &str) -> TopicMap {
        let mut map = TopicMap::default();
        map.add(namespace, serde_json::from_str(json).unwrap())
            .unwrap();
        map
    }

    fn functions(map: &TopicMap, topic: &str) -> Vec<String> {
        map.functions(topic).map(str::to_owned).collect()
    }

    #[test]
    fn a_comma_list_is_trimmed_and_matched_exactly() {
        let map = map(
            Some("openfaas-fn"),
            r#"[{"name":"b","annotations":{"topic":" orders , refunds ,, "}},
                {"name":"a","annotations":{"topic":"orders"}}]"#,
        );
        assert_eq!(
            functions(&map, "orders"),
            ["a.openfaas-fn", "b.openfaas-fn"]
        );
        assert_eq!(functions(&map, "refunds"), ["b.openfaas-fn"]);
        assert!(!map.has("order") && !map.has("Orders") && !map.has(""));
    }

    #[test]
    fn annotations_may_be_missing_or_null() {
        let map = map(
            None,
            r#"[{"name":"a"},{"name":"b","annotations":null},{"name":"c","annotations":{"topic":null}},
                {"name":"d","annotations":{"topic":"t"},"replicas":1,"labels":null}]"#,
        );
        assert_eq!(functions(&map, "t"), ["d"]);
        assert_eq!(map.counts().count(), 1);
    }

    #[test]
    fn a_subscriber_that_cannot_be_called_is_an_error_and_not_left_out() {
        for name in ["", "a b", "../system/x", "a?b", "a/b", "ü", ".", "a..b"] {
            let listed = |topic: &str| {
                let json = serde_json::json!([{"name": name, "annotations": {"topic": topic}}]);
                serde_json::from_value::<Vec<Listed>>(json).unwrap()
            };
            let added = TopicMap::default().add(Some("ns"), listed("t"));
            assert!(added.is_err(), "{name:?}");
            assert_eq!(TopicMap::default().add(Some("ns"), listed("")), Ok(()));
        }
    }

    #[test]
    fn how_a_function_wants_to_be_tried_again_is_read_with_its_topics() {
        let map = map(
            Some("ns"),
            r#"[{"name":"a","annotations":{"topic":"t, u","com.openfaas.retry.attempts":"4","com.openfaas.retry.codes":"x"}},
                {"name":"b","annotations":{"topic":"t"}},
                {"name":"no-subscriber","annotations":{"com.openfaas.retry.attempts":"none"}}]"#,
        );
        let attempts = |topic| -> Vec<_> {
            let subscribers = map.subscribers(topic);
            subscribers
                .map(|(function, rules)| (function.to_owned(), rules.attempts))
                .collect()
        };
        assert_eq!(
            attempts("t"),
            [("a.ns".to_owned(), Some(4)), ("b.ns".to_owned(), None)]
        );
        assert_eq!(attempts("u"), [("a.ns".to_owned(), Some(4))]);
        let bad: Vec<_> = map
            .bad()
            .iter()
            .map(|bad| (&*bad.function, &*bad.value))
            .collect();
        assert_eq!(bad, [("a.ns", "x")], "told once, and of subscribers only");
    }

    #[test]
    fn a_functions_own_namespace_wins() {
        let map = map(
            Some("one"),
            r#"[{"name":"a","namespace":"two","annotations":{"topic":"t"}}]"#,
        );
        assert_eq!(functions(&map, "t"), ["a.two"]);
    }
}
