//! The OpenAPI document, made from the same path list and wire types as the program.
//!
//! Schemas are derived from real values of the protocol's types as they are serialised, so the document cannot name
//! a field that is not sent.

use serde_json::{Map, Value, json};

use super::sample;

/// The document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for operation in sample::operations() {
        let mut described = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "parameters": parameters(&operation),
            "responses": {
                "200": { "description": "Processed", "content": content(operation.answer_type, &operation.answer) },
                "default": { "description": "A problem", "content": content("application/json", &sample::problem()) },
            },
        });
        if let (Some(request), Some(fields)) = (&operation.request, described.as_object_mut()) {
            let body = json!({ "required": true, "content": content("application/json", request) });
            fields.insert("requestBody".to_owned(), body);
        }
        if let (true, Some(fields)) = (operation.needs_token, described.as_object_mut()) {
            fields.insert("security".to_owned(), json!([{ "deviceToken": [] }]));
        }
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.to_owned(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Comptoir sync server", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "securitySchemes": { "deviceToken": { "type": "http", "scheme": "bearer" } } },
    })
}

/// What stands in the path between braces, then the query.
fn parameters(operation: &sample::Described) -> Vec<Value> {
    let parameter = |name: &str, place: &str, required: bool| json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
    let named = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let path = named.map(|name| parameter(name, "path", true));
    path.chain(operation.query.iter().map(|(name, required)| parameter(name, "query", *required))).collect()
}

fn content(media_type: &str, example: &Value) -> Value {
    json!({ media_type: { "schema": schema(example), "example": example } })
}

/// The schema that a value fits.
fn schema(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Array(items) => json!({ "type": "array", "items": items.first().map_or(json!({}), schema) }),
        Value::Object(fields) => {
            let properties: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), schema(value))).collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}
