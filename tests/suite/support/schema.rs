//! As much of JSON Schema as the tools' definitions use; a keyword that is not known here fails.

use serde_json::Value;

/// Where and why `value` is not what `schema` says; nothing if it is.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, value, "$", &mut faults);
    faults
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        faults.push(format!("{at}: no schema: {schema}"));
        return;
    };
    for (keyword, said) in keywords {
        let holds = match keyword.as_str() {
            "description" | "default" => true,
            "type" => is_of(said.as_str().unwrap_or("a union"), value),
            "enum" => said.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= said.as_f64(),
            "maximum" => value.as_f64() <= said.as_f64(),
            "minItems" => value.as_array().unwrap().len() as u64 >= said.as_u64().unwrap(),
            "maxItems" => value.as_array().unwrap().len() as u64 <= said.as_u64().unwrap(),
            "minLength" => value.as_str().unwrap().chars().count() as u64 >= said.as_u64().unwrap(),
            "maxLength" => value.as_str().unwrap().chars().count() as u64 <= said.as_u64().unwrap(),
            "pattern" => jsonschema::is_valid(&serde_json::json!({ "pattern": said }), value),
            "anyOf" => {
                said.as_array().unwrap().iter().any(|one| self::faults(one, value).is_empty())
            }
            "required" => said
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                *said == Value::Bool(false)
                    && value.as_object().unwrap().keys().all(|name| known.contains_key(name))
            }
            "properties" => {
                for (name, inner) in said.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        check(inner, member, &format!("{at}.{name}"), faults);
                    }
                }
                true
            }
            "items" => {
                for (place, item) in value.as_array().unwrap().iter().enumerate() {
                    check(said, item, &format!("{at}[{place}]"), faults);
                }
                true
            }
            _ => false,
        };
        if !holds {
            faults.push(format!("{at}: {keyword} {said}: {value}"));
            // What has another type cannot be looked at further.
            if keyword == "type" {
                return;
            }
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
