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
            "parameters": operation.query.iter().map(|(name, required)| json!({
                "name": name, "in": "query", "required": required, "schema": { "type": "string" },
            })).collect::<Vec<_>>(),
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
        paths.insert(operation.path.to_owned(), json!({ operation.method: described }));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Comptoir sync server", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "securitySchemes": { "deviceToken": { "type": "http", "scheme": "bearer" } } },
    })
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
