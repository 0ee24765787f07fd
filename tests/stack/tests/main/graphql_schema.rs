//! The schema that the backend serves is the one that the function's typed client is made from.

use std::collections::BTreeMap;
use std::path::Path;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, TypeKind, TypeSystemDefinition};

use crate::caller::get;
use crate::start;

/// `Type.field` → its arguments and type; scalars that GraphQL brings itself left out.
fn fields(sdl: &str) -> BTreeMap<String, String> {
    let document = parse_schema(sdl).unwrap_or_else(|error| panic!("{error} in\n{sdl}"));
    let mut all = BTreeMap::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let name = definition.node.name.node.to_string();
        let of_kind = match definition.node.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Scalar => continue,
            other => panic!("{name}: a kind that is not compared: {other:?}"),
        };
        for field in of_kind {
            let known = all.insert(
                format!("{name}.{}", field.node.name.node),
                signature(&field),
            );
            assert!(known.is_none(), "{name} is defined twice");
        }
    }
    all
}

fn signature(field: &Positioned<FieldDefinition>) -> String {
    let arguments = field.node.arguments.iter();
    let mut arguments: Vec<_> = arguments
        .map(|argument| format!("{}: {}", argument.node.name.node, argument.node.ty.node))
        .collect();
    arguments.sort();
    format!("({}): {}", arguments.join(", "), field.node.ty.node)
}

#[test]
fn the_schema_is_the_one_that_was_agreed_on() {
    let agreed = "
        type Mutation {
          startDeployment(cardId: ID!): DeploymentResult!
          updateBilling(cardId: ID!, amountCents: Int!): BillingResult!
        }
        type DeploymentResult { success: Boolean! deploymentId: ID message: String }
        type BillingResult { success: Boolean! invoiceId: ID message: String }
        type Query { deployments(cardId: ID): [Deployment!]! }
        type Deployment { deploymentId: ID! cardId: ID! correlationId: String! at: String! }";
    assert_eq!(fields(&stack::graphql::sdl()), fields(agreed));
}

#[test]
fn the_functions_copy_of_the_schema_is_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../functions/kanban-processor/graphql/schema.graphql");
    let copy = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "the schema that the function's client is made from: {}: {error}",
            path.display()
        )
    });
    assert_eq!(fields(&copy), fields(&stack::graphql::sdl()));
}

#[tokio::test]
async fn the_schema_can_be_fetched() {
    let stack = start().await;
    let url = stack.urls().graphql.replace("/graphql", "/schema.graphql");
    assert_eq!(
        fields(get(&url).await.text()),
        fields(&stack::graphql::sdl())
    );
}
