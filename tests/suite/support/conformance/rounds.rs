//! Questions back to the client, as 2026-07-28 has them: the call is answered with what is
//! missing, and comes again with the answers.

use std::collections::HashMap;
use std::sync::Mutex;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, InputRequiredResult,
    InputResponses,
};
use serde_json::{Value, json};

use super::of;
use super::tools::said;

/// The states that were handed out, and the round each belongs to. A client may echo what it
/// likes: only what is in here is believed.
#[derive(Default)]
pub struct Handed(Mutex<HashMap<String, u8>>);

impl Handed {
    /// A state that nobody can guess.
    fn hand_out(&self, round: u8) -> String {
        let state = uuid::Uuid::new_v4().to_string();
        self.0.lock().unwrap().insert(state.clone(), round);
        state
    }

    /// The round that a state belongs to; 0 without one.
    fn round(&self, state: Option<&str>) -> Result<u8, ErrorData> {
        let Some(state) = state else { return Ok(0) };
        let handed = self.0.lock().unwrap();
        handed
            .get(state)
            .copied()
            .ok_or_else(|| ErrorData::invalid_params("requestState is not one of ours", None))
    }
}

/// Answers a tool that asks back, or tells that it is none.
pub fn call(
    handed: &Handed,
    request: &CallToolRequestParams,
    capabilities: Option<ClientCapabilities>,
) -> Result<Option<CallToolResponse>, ErrorData> {
    let given = |key: &str, member: &str| given(request.input_responses.as_ref(), key, member);
    let round = handed.round(request.request_state.as_deref())?;
    let name = ask_text("What is your name?", "name");
    let answer: CallToolResponse = match request.name.as_ref() {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            match given("user_name", "name") {
                Some(name) => said(&format!("Good day, {name}.")),
                None => required(json!({ "user_name": name }), None).into(),
            }
        }
        "test_input_required_result_sampling" => {
            match answered(request.input_responses.as_ref(), "capital_question", "content") {
                Some(content) => said(&content["text"].to_string()),
                None => {
                    let question = ask_model("What is the capital of France?");
                    required(json!({ "capital_question": question }), None).into()
                }
            }
        }
        "test_input_required_result_list_roots" => {
            match answered(request.input_responses.as_ref(), "client_roots", "roots") {
                Some(roots) => said(&roots.to_string()),
                None => required(json!({ "client_roots": ask_roots() }), None).into(),
            }
        }
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => {
            match (round, answered(request.input_responses.as_ref(), "confirm", "content")) {
                (1, Some(_)) => said("state-ok"),
                _ => {
                    let question = ask("Please confirm", "ok", "boolean");
                    required(json!({ "confirm": question }), Some(handed.hand_out(1))).into()
                }
            }
        }
        "test_input_required_result_multiple_inputs" => {
            let responses = request.input_responses.as_ref();
            let greeting = answered(responses, "greeting", "content");
            let roots = answered(responses, "client_roots", "roots");
            match (round, given("user_name", "name"), greeting, roots) {
                (1, Some(name), Some(greeting), Some(roots)) => {
                    said(&format!("{name}: {greeting}, {roots}"))
                }
                _ => {
                    let questions = json!({
                        "user_name": name,
                        "greeting": ask_model("Greet somebody"),
                        "client_roots": ask_roots(),
                    });
                    required(questions, Some(handed.hand_out(1))).into()
                }
            }
        }
        "test_input_required_result_multi_round" => {
            match (round, given("step1", "name"), given("step2", "color")) {
                (1, Some(_), _) => {
                    let question = ask_text("Which colour do you like?", "color");
                    required(json!({ "step2": question }), Some(handed.hand_out(2))).into()
                }
                (2, _, Some(colour)) => said(&colour),
                _ => required(json!({ "step1": name }), Some(handed.hand_out(1))).into(),
            }
        }
        "test_input_required_result_capabilities" => {
            let can = capabilities.unwrap_or_default();
            let mut questions = json!({});
            if can.sampling.is_some() {
                questions["greeting"] = ask_model("Greet somebody");
            }
            if can.elicitation.is_some() {
                questions["user_name"] = name;
            }
            required(questions, None).into()
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// An answer that asks for more.
pub fn required(questions: Value, state: Option<String>) -> InputRequiredResult {
    InputRequiredResult::new(Some(of(questions)), state)
}

/// A question for a text.
pub fn ask_text(message: &str, member: &str) -> Value {
    ask(message, member, "string")
}

/// The text that was given to such a question.
pub fn given(responses: Option<&InputResponses>, key: &str, member: &str) -> Option<String> {
    Some(answered(responses, key, "content")?.get(member)?.as_str()?.to_owned())
}

fn answered<'a>(
    responses: Option<&'a InputResponses>,
    key: &str,
    member: &str,
) -> Option<&'a Value> {
    responses?.get(key)?.get(member)
}

fn ask(message: &str, member: &str, kind: &str) -> Value {
    json!({ "method": "elicitation/create", "params": { "mode": "form", "message": message, "requestedSchema": {
        "type": "object", "properties": { (member): { "type": kind } }, "required": [member],
    } } })
}

fn ask_model(text: &str) -> Value {
    json!({ "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
        "maxTokens": 100,
    } })
}

fn ask_roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}
