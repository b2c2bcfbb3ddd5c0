//! The schemas of what tools take and return: made from the types, in the plain form that every
//! client's converter takes. No references, no unions of types, an object with `properties`
//! (checklist B1, B2).
//!
//! What may be left out of the input has no `null` in its schema: leaving it out is the way to say
//! so. What is in every answer and may be nothing says so with two branches of a type each.

use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

/// A JSON object.
pub type JsonObject = Map<String, Value>;

/// The members of a store filter inside a contact filter.
const INNER_FILTER: &str = "/properties/filters/properties/store/properties";

/// The schemas of a tool with all their words, for people.
pub struct Schemas {
    /// What it takes.
    pub input: JsonObject,
    /// What it returns.
    pub output: JsonObject,
}

impl Schemas {
    /// Of a tool that takes `I` and returns `O`.
    pub(super) fn of<I: JsonSchema, O: JsonSchema>() -> Self {
        Self { input: plain::<I>(Contract::Deserialize), output: plain::<O>(Contract::Serialize) }
    }

    /// What it takes, for the wire. The filter of stores that is inside another one is without words:
    /// every client carries all definitions in its context (checklist B4), and has them once.
    pub fn input(&self) -> JsonObject {
        let mut input = Value::Object(shortened(&self.input, &[]));
        if let Some(inner) = input.pointer_mut(INNER_FILTER) {
            visit(inner, &mut |members| {
                members.remove("description");
            });
        }
        match input {
            Value::Object(members) => members,
            _ => JsonObject::new(),
        }
    }

    /// What it returns, for the wire; without words, because the names say what it is, and with what
    /// is always there at the top alone.
    pub fn output(&self) -> JsonObject {
        let mut output = shortened(&self.output, &["description", "required"]);
        if let Some(required) = self.output.get("required") {
            output.insert("required".into(), required.clone());
        }
        output
    }
}

fn plain<T: JsonSchema>(contract: Contract) -> JsonObject {
    let is_input = contract.is_deserialize();
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        settings.contract = contract;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = serde_json::to_value(schema).unwrap_or_default();
    visit(&mut schema, &mut |members| {
        members.remove("format");
    });
    visit(&mut schema, &mut |members| settle_nulls(members, is_input));
    let Value::Object(mut members) = schema else { return JsonObject::new() };
    members.remove("title");
    members.remove("description");
    members.entry("properties").or_insert_with(|| json!({}));
    members
}

fn shortened(schema: &JsonObject, keywords: &[&str]) -> JsonObject {
    let mut schema = Value::Object(schema.clone());
    visit(&mut schema, &mut |members| {
        list_constants(members);
        for keyword in keywords {
            members.remove(*keyword);
        }
    });
    match schema {
        Value::Object(members) => members,
        _ => JsonObject::new(),
    }
}

/// Does `work` on a schema and on all inside it, the outer first. Members of `properties` are names
/// of ours, and stay whatever they are called.
fn visit(schema: &mut Value, work: &mut impl FnMut(&mut Map<String, Value>)) {
    match schema {
        Value::Object(members) => {
            work(members);
            for (name, member) in members {
                match member {
                    Value::Object(named) if name == "properties" => {
                        named.values_mut().for_each(|one| visit(one, work));
                    }
                    member => visit(member, work),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| visit(one, work)),
        _ => {}
    }
}

/// Settles what the properties of a schema say of `null`.
fn settle_nulls(members: &mut Map<String, Value>, is_input: bool) {
    let required: Vec<String> = members
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let Some(Value::Object(properties)) = members.get_mut("properties") else { return };
    for (name, property) in properties {
        let Value::Object(property) = property else { continue };
        if let Some(inner) = without_null(property) {
            let is_always_there = !is_input && required.contains(name);
            let description = property.remove("description");
            *property = if is_always_there {
                Map::from_iter([("anyOf".to_owned(), json!([inner, { "type": "null" }]))])
            } else {
                inner
            };
            property.extend(description.map(|words| ("description".to_owned(), words)));
        }
    }
}

/// The schema without `null`, its own words and its default, if it allows `null` beside one other
/// kind of value.
fn without_null(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let null = json!("null");
    if let Some(Value::Array(types)) = schema.get("type")
        && types.contains(&null)
        && let [kind] = types.iter().filter(|kind| **kind != null).collect::<Vec<_>>()[..]
    {
        let mut inner = schema.clone();
        inner.insert("type".into(), kind.clone());
        inner.remove("description");
        inner.remove("default");
        return Some(inner);
    }
    if let Some(Value::Array(branches)) = schema.get("anyOf")
        && branches.contains(&json!({ "type": "null" }))
        && let [Value::Object(inner)] =
            branches.iter().filter(|one| one["type"] != null).collect::<Vec<_>>()[..]
    {
        let mut inner = inner.clone();
        inner.remove("description");
        return Some(inner);
    }
    None
}

/// Makes one list of the values of a choice, each of which comes with its words.
fn list_constants(members: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = members.get("oneOf") else { return };
    let values: Option<Vec<Value>> =
        branches.iter().map(|branch| branch.get("const").cloned()).collect();
    if let Some(values) = values
        && values.iter().all(Value::is_string)
    {
        members.remove("oneOf");
        members.insert("type".into(), json!("string"));
        members.insert("enum".into(), Value::Array(values));
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Size {
        /// Not much.
        Small,
        /// More.
        Large,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Sample {
        /// Its name.
        description: Option<String>,
        size: Option<Size>,
        #[serde(default)]
        sizes: Vec<Size>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        more: Option<Box<Inner>>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Inner {
        count: Option<i64>,
    }

    fn properties(schema: JsonObject) -> Value {
        schema.get("properties").cloned().unwrap()
    }

    #[test]
    fn what_may_be_left_out_of_the_input_is_never_null() {
        let schemas = Schemas::of::<Sample, Sample>();
        let sizes = json!({ "type": "string", "enum": ["small", "large"] });
        let told = properties(schemas.input());
        assert_eq!(told["description"], json!({ "type": "string", "description": "Its name." }));
        assert_eq!(told["size"], sizes);
        assert_eq!(told["sizes"]["items"], sizes);
        assert_eq!(told["more"]["properties"]["count"], json!({ "type": "integer" }));
        assert!(!Value::Object(schemas.input()).to_string().contains("null"));
    }

    #[test]
    fn what_is_always_there_may_be_null_and_what_is_left_out_may_not() {
        let schemas = Schemas::of::<Sample, Sample>();
        let output = schemas.output();
        assert_eq!(output.get("required"), Some(&json!(["description", "size", "sizes"])));
        let told = properties(output);
        assert_eq!(
            told["description"],
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })
        );
        assert_eq!(
            told["size"]["anyOf"][0],
            json!({ "type": "string", "enum": ["small", "large"] })
        );
        assert_eq!(told["more"]["type"], "object");
        let count = json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] });
        assert_eq!(told["more"]["properties"]["count"], count);
        assert_eq!(
            schemas.output["properties"]["description"]["description"], "Its name.",
            "for people"
        );
    }
}
