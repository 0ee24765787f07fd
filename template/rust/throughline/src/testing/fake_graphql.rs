//! A GraphQL backend made from its schema.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use apollo_compiler::ast::Type;
use apollo_compiler::executable::OperationType;
use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Backend, Received};

/// A GraphQL backend made from its schema: each query is validated against it and answered with
/// data of the right types, made up or given.
///
/// What is made up: `"text"` for a string, 1 for a number, `true`, the first value of an enum, one
/// item in a list. What is given is held against the schema too: a field that the query does not
/// select, or a value of another type, is told as an error of the backend.
///
/// ```
/// use throughline::testing::FakeGraphQl;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let schema = "type Query { stock(item: ID!): Stock! } type Stock { left: Int!, item: String! }";
/// let backend = FakeGraphQl::new(schema)
///     .answer("Left", serde_json::json!({ "stock": { "left": 7 } }))
///     .start()
///     .await;
/// let query = "query Left { stock(item: \"tea\") { left item } }";
/// let asked = throughline::http().post(backend.url());
/// let asked = asked.json(&serde_json::json!({ "query": query, "operationName": "Left" }));
/// let answer: serde_json::Value = asked.send().await.unwrap().json().await.unwrap();
/// assert_eq!(answer["data"]["stock"], serde_json::json!({ "left": 7, "item": "text" }));
/// # }
/// ```
pub struct FakeGraphQl(Backend);

impl Deref for FakeGraphQl {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.0
    }
}

impl FakeGraphQl {
    /// A backend of this schema, in GraphQL's own language.
    ///
    /// ```
    /// use throughline::testing::FakeGraphQl;
    ///
    /// let backend = FakeGraphQl::new("type Query { left: Int! }");
    /// # let _ = backend;
    /// ```
    ///
    /// # Panics
    /// When it is no valid schema; the message says where.
    #[expect(
        clippy::new_ret_no_self,
        reason = "what is given comes before it starts"
    )]
    pub fn new(schema: &str) -> FakeGraphQlBuilder {
        let schema = Schema::parse_and_validate(schema, "schema.graphql")
            .unwrap_or_else(|error| panic!("the schema is not valid:\n{}", error.errors));
        FakeGraphQlBuilder {
            schema: Arc::new(schema),
            given: BTreeMap::new(),
        }
    }
}

/// A [`FakeGraphQl`] that is being told what to answer.
///
/// ```
/// use throughline::testing::{FakeGraphQl, FakeGraphQlBuilder};
///
/// let backend: FakeGraphQlBuilder = FakeGraphQl::new("type Query { left: Int! }");
/// let backend = backend.answer("Left", serde_json::json!({ "left": 7 }));
/// ```
pub struct FakeGraphQlBuilder {
    schema: Arc<Valid<Schema>>,
    given: BTreeMap<String, Given>,
}

#[derive(Clone)]
enum Given {
    Data(Value),
    Error(Value),
}

impl FakeGraphQlBuilder {
    /// Gives data for the operation of this name; what it leaves out is made up.
    ///
    /// ```
    /// use throughline::testing::FakeGraphQl;
    ///
    /// let backend = FakeGraphQl::new("type Query { left: Int! }")
    ///     .answer("Left", serde_json::json!({ "left": 7 }));
    /// # let _ = backend;
    /// ```
    #[must_use]
    pub fn answer(mut self, operation: &str, data: Value) -> Self {
        self.given.insert(operation.to_owned(), Given::Data(data));
        self
    }

    /// Fails the operation of this name: `errors` with this message and code, and no data.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::FakeGraphQl;
    ///
    /// let backend = FakeGraphQl::new("type Query { left: Int! }").fail("Left", "empty", "EMPTY");
    /// let backend = backend.start().await;
    /// let asked = throughline::http().post(backend.url());
    /// let asked = asked.json(&serde_json::json!({ "query": "query Left { left }" }));
    /// let answer = asked.send().await.unwrap().text().await.unwrap();
    /// assert!(answer.contains(r#""message":"empty""#), "{answer}");
    /// # }
    /// ```
    #[must_use]
    pub fn fail(mut self, operation: &str, message: &str, code: &str) -> Self {
        let error = json!({ "message": message, "extensions": { "code": code } });
        self.given.insert(operation.to_owned(), Given::Error(error));
        self
    }

    /// Starts it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::testing::FakeGraphQl;
    ///
    /// let backend = FakeGraphQl::new("type Query { left: Int! }").start().await;
    /// let query = serde_json::json!({ "query": "{ left }" });
    /// let answer = throughline::http().post(backend.url()).json(&query).send().await.unwrap();
    /// assert_eq!(answer.text().await.unwrap(), r#"{"data":{"left":1}}"#);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start(self) -> FakeGraphQl {
        let Self { schema, given } = self;
        let given = Arc::new(given);
        FakeGraphQl(
            Backend::start(move |call| match answer(&schema, &given, call) {
                Ok(answer) => (200, answer),
                Err(message) => {
                    let errors = json!({ "errors": [{ "message": message }] });
                    (400, errors.to_string())
                }
            })
            .await,
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    query: String,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<JsonMap>,
}

fn answer(
    schema: &Valid<Schema>,
    given: &BTreeMap<String, Given>,
    call: &Received,
) -> Result<String, String> {
    let asked: Asked = serde_json::from_str(&call.body)
        .map_err(|error| format!("the body is no GraphQL request: {error}"))?;
    let document = ExecutableDocument::parse_and_validate(schema, &asked.query, "query.graphql")
        .map_err(|error| format!("the query does not fit the schema: {}", error.errors))?;
    let operation = document
        .operations
        .get(asked.operation_name.as_deref())
        .map_err(|error| error.message().to_string())?;
    let name = operation.name.as_ref().map(ToString::to_string);
    let data = match name.as_ref().and_then(|name| given.get(name)) {
        Some(Given::Error(error)) => {
            return Ok(json!({ "data": null, "errors": [error] }).to_string());
        }
        Some(Given::Data(data)) => Some(data),
        None => None,
    };
    let root_type = match operation.operation_type {
        OperationType::Query => &schema.schema_definition.query,
        OperationType::Mutation => &schema.schema_definition.mutation,
        OperationType::Subscription => return Err("a subscription is no request".to_owned()),
    };
    let root = Object {
        schema,
        type_name: root_type
            .as_ref()
            .map(|name| name.to_string())
            .unwrap_or_default(),
        given: data,
    };
    let variables = asked.variables.unwrap_or_default();
    let made = Execution::new(schema, &document)
        .operation(operation)
        .raw_variable_values(&variables)
        .execute_sync(&root)
        .map_err(|error| error.message().to_string())?;
    let made = serde_json::to_value(&made).map_err(|error| error.to_string())?;
    if let Some(extra) = data.and_then(|data| extra(data, &made["data"], "")) {
        return Err(format!(
            "what the test gives has {extra}, which the query does not select"
        ));
    }
    Ok(made.to_string())
}

/// The first field that is given and is not in the answer.
fn extra(given: &Value, made: &Value, path: &str) -> Option<String> {
    match (given, made) {
        (Value::Object(given), Value::Object(made)) => given.iter().find_map(|(name, value)| {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            match made.get(name) {
                None if name == "__typename" => None,
                None => Some(path),
                Some(made) => extra(value, made, &path),
            }
        }),
        (Value::Array(given), Value::Array(made)) => given
            .iter()
            .zip(made)
            .find_map(|(given, made)| extra(given, made, path)),
        _ => None,
    }
}

/// An object of the answer.
struct Object<'s> {
    schema: &'s Valid<Schema>,
    type_name: String,
    given: Option<&'s Value>,
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let key = info.field_selections()[0].response_key();
        let given = self.given.and_then(|given| given.get(key.as_str()));
        make(self.schema, &info.field_definition().ty, given)
    }
}

fn make<'a>(
    schema: &'a Valid<Schema>,
    of: &'a Type,
    given: Option<&'a Value>,
) -> Result<ResolvedValue<'a>, FieldError> {
    if given == Some(&Value::Null) {
        return Ok(ResolvedValue::null());
    }
    let name = match of {
        Type::Named(name) | Type::NonNullNamed(name) => name,
        Type::List(item) | Type::NonNullList(item) => {
            let items: Vec<_> = match given {
                None => vec![None],
                Some(Value::Array(items)) => items.iter().map(Some).collect(),
                Some(other) => {
                    return Err(FieldError {
                        message: format!("the test gives {other} for a list"),
                    });
                }
            };
            let items = items
                .into_iter()
                .map(move |given| make(schema, item, given));
            return Ok(ResolvedValue::List(Box::new(items)));
        }
    };
    let object = |type_name: &str| {
        if given.is_some_and(|given| !given.is_object()) {
            let message = format!(
                "the test gives {} for a {type_name}",
                given.unwrap_or(&Value::Null)
            );
            return Err(FieldError { message });
        }
        Ok(ResolvedValue::object(Object {
            schema,
            type_name: type_name.to_owned(),
            given,
        }))
    };
    let told = given.and_then(|given| given.get("__typename")?.as_str());
    match schema.types.get(name) {
        Some(ExtendedType::Object(_)) => object(name),
        Some(ExtendedType::Union(union)) => {
            let first = union.members.first().map(|member| member.as_str());
            object(told.or(first).unwrap_or_default())
        }
        Some(ExtendedType::Interface(_)) => {
            let implementers = schema.implementers_map();
            let first = implementers
                .get(name)
                .and_then(|all| all.objects.iter().next())
                .map(|name| name.as_str());
            object(told.or(first).unwrap_or_default())
        }
        Some(ExtendedType::Enum(values)) => {
            let first = values.values.keys().next().map(|value| value.as_str());
            let value = given.cloned().unwrap_or_else(|| json!(first));
            Ok(ResolvedValue::leaf(value))
        }
        _ => Ok(ResolvedValue::leaf(given.cloned().unwrap_or_else(
            || match name.as_str() {
                "Int" => json!(1),
                "Float" => json!(1.0),
                "Boolean" => json!(true),
                "ID" => json!("id"),
                _ => json!("text"),
            },
        ))),
    }
}
