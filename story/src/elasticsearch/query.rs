//! What Elasticsearch is asked for: lines by their id, by their card, and those that come near.

use serde_json::{Value, json};

/// Where a line may say its correlation id.
pub(super) const ID_FIELDS: &[&str] = &[
    "correlation_id",
    "fields.correlation_id",
    "labels.correlation_id",
];
/// Where a line may name a card, short of deeper ones that no query can list.
pub(super) const CARD_FIELDS: &[&str] = &[
    "card_id",
    "card",
    "cardId",
    "issue",
    "fields.card_id",
    "fields.card",
    "fields.cardId",
    "fields.issue",
];

/// Documents with one of the values in one of the fields, mapped as keyword or as text with one.
pub(super) fn any_of(fields: &[&str], values: &[&str]) -> Value {
    let should: Vec<_> = fields
        .iter()
        .flat_map(|field| [(*field).to_owned(), format!("{field}.keyword")])
        .map(|field| json!({"terms": {field: values}}))
        .collect();
    json!({"bool": {"should": should, "minimum_should_match": 1}})
}

/// Documents whose id or card comes near `id`.
pub(super) fn near(id: &str) -> Value {
    let fuzzy = |field: &&str| json!({"fuzzy": {(*field): {"value": id}}});
    let fields = ["correlation_id", "card_id"];
    let should: Vec<_> = fields.iter().map(fuzzy).collect();
    json!({"bool": {"should": should}})
}
