//! The fields of a schema as lines for people, for the pages of the manual that are made from it.

use serde_json::Value;

use super::JsonObject;

/// A field, with where it stands: `data[].domain`.
#[derive(Debug)]
pub struct Field {
    /// Its place.
    pub path: String,
    /// What values it takes.
    pub kind: String,
    /// Whether it must be there.
    pub is_required: bool,
    default: Option<Value>,
    /// Its description, on one line.
    pub words: String,
}

impl Field {
    /// Whether it must be given, and what stands for it if it is not.
    pub fn needed(&self) -> String {
        match &self.default {
            _ if self.is_required => "yes".to_owned(),
            Some(default @ (Value::Number(_) | Value::String(_) | Value::Bool(_))) => {
                format!("no; {default} if left out")
            }
            _ => "no".to_owned(),
        }
    }
}

/// All fields of an object, those inside others after them.
pub fn of(schema: &JsonObject) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(&Value::Object(schema.clone()), "", &mut fields);
    fields
}

fn collect(schema: &Value, prefix: &str, fields: &mut Vec<Field>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array();
    for (name, property) in properties {
        let path = format!("{prefix}{name}");
        fields.push(Field {
            kind: kind(property),
            is_required: required.is_some_and(|names| names.iter().any(|one| one == name)),
            default: property.get("default").cloned(),
            words: words(property),
            path: path.clone(),
        });
        let (inner, _) = without_null(property);
        collect(inner, &format!("{path}."), fields);
        collect(&inner["items"], &format!("{path}[]."), fields);
    }
}

/// Its description, on one line.
fn words(schema: &Value) -> String {
    let words = schema["description"].as_str().unwrap_or_default();
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// The schema of the value, and whether there may be none.
fn without_null(schema: &Value) -> (&Value, bool) {
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([inner, null]) if null["type"] == "null" => (inner, true),
        _ => (schema, false),
    }
}

fn kind(schema: &Value) -> String {
    let (schema, is_nullable) = without_null(schema);
    let kind = match choices(schema) {
        Some(values) => format!("one of {}", values.join(", ")),
        None => plain_kind(schema),
    };
    if is_nullable { format!("{kind}, or null") } else { kind }
}

/// The values of a choice, each as code.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let branches = schema["oneOf"].as_array()?;
    branches.iter().map(|branch| Some(format!("`{}`", branch["const"].as_str()?))).collect()
}

fn plain_kind(schema: &Value) -> String {
    let span = |least: &str, most: &str| match (&schema[least], &schema[most]) {
        (Value::Number(least), Value::Number(most)) => Some(format!("{least} to {most}")),
        (Value::Null, Value::Number(most)) => Some(format!("at most {most}")),
        (Value::Number(least), Value::Null) => Some(format!("at least {least}")),
        _ => None,
    };
    match schema["type"].as_str().unwrap_or_default() {
        "string" => match span("minLength", "maxLength") {
            Some(span) => format!("text of {span} characters"),
            None => "text".to_owned(),
        },
        "integer" => match span("minimum", "maximum") {
            Some(span) => format!("whole number, {span}"),
            None => "whole number".to_owned(),
        },
        "boolean" => "true or false".to_owned(),
        "array" => match span("minItems", "maxItems") {
            Some(span) => format!("list of {span}: {}", kind(&schema["items"])),
            None => format!("list: {}", kind(&schema["items"])),
        },
        _ => "object".to_owned(),
    }
}
