//! Typed patterns, and what they match. All conditions of a pattern hold, one rule of a list does.

use super::event::{Body, Leaf, Node, Object};
use super::json;
use super::rule::Rule;

/// What is asked of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pattern {
    pub(super) fields: Vec<(String, Test)>,
    /// Of each of these lists, one pattern matches the same object.
    pub(super) any_of: Vec<Vec<Pattern>>,
}

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Rules(Vec<Rule>),
    Inside(Pattern),
}

impl Pattern {
    pub(super) fn matches(&self, object: &Object<'_>) -> bool {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        let nodes = object.fields(&names);
        (self.fields.iter().zip(nodes)).all(|((_, test), node)| test.matches(&node))
            && (self.any_of.iter()).all(|any| any.iter().any(|pattern| pattern.matches(object)))
    }
}

impl Test {
    fn matches(&self, node: &Node<'_>) -> bool {
        match (self, node) {
            (Self::Rules(rules), Node::Leaf(leaf)) => {
                matches_one(rules, std::slice::from_ref(leaf))
            }
            (Self::Rules(rules), Node::List(list)) => {
                let leaves: Vec<_> = list.iter().filter_map(|json| Leaf::of(json)).collect();
                matches_one(rules, &leaves)
            }
            // An attribute's own rules look at its value.
            (Self::Rules(rules), Node::Object(Object::Attribute(attribute))) => {
                matches_one(rules, &attribute.leaves())
            }
            // As in EventBridge, an object is no value.
            (Self::Rules(rules), Node::Missing | Node::Object(_)) => matches_one(rules, &[]),
            (Self::Rules(rules), Node::Body(Body::Text(text))) => {
                matches_one(rules, &[Leaf::Text((*text).into())])
            }
            (Self::Inside(pattern), Node::Object(object)) => pattern.matches(object),
            (Self::Inside(pattern), Node::List(list)) => in_list(pattern, list),
            (Self::Inside(pattern), Node::Missing | Node::Leaf(_)) => {
                pattern.matches(&Object::Nothing)
            }
            (Self::Inside(pattern), Node::Body(Body::Json(json))) => {
                in_list(pattern, &json::elements(json))
            }
            // A text body matches no fields, a JSON body no text, and neither does what is no text.
            (Self::Rules(_), Node::Body(Body::Json(_) | Body::Bytes))
            | (Self::Inside(_), Node::Body(Body::Text(_) | Body::Bytes)) => false,
        }
    }
}

/// One value of a list is enough; where there is none, a rule may ask for just that.
fn matches_one(rules: &[Rule], leaves: &[Leaf<'_>]) -> bool {
    (rules.iter()).any(|rule| match leaves {
        [] => rule.matches_nothing(),
        leaves => leaves.iter().any(|leaf| rule.matches(leaf)),
    })
}

/// One object of a list has to match as a whole.
fn in_list(pattern: &Pattern, list: &[&serde_json::value::RawValue]) -> bool {
    let mut objects = (list.iter())
        .filter(|json| json.get().starts_with('{'))
        .peekable();
    if objects.peek().is_none() {
        return pattern.matches(&Object::Nothing);
    }
    objects.any(|json| pattern.matches(&Object::Json(json)))
}
