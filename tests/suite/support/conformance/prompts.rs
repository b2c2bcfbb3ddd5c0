//! The prompts of the scenarios.

use rmcp::ErrorData;
use rmcp::model::{GetPromptRequestParams, GetPromptResponse, GetPromptResult, Prompt};
use serde_json::{Value, json};

use super::tools::PIXEL;
use super::{of, rounds};

pub fn list() -> Vec<Prompt> {
    let argument = |name: &str| json!({ "name": name, "description": name, "required": true });
    of(json!([
        { "name": "test_simple_prompt", "description": "Takes nothing" },
        {
            "name": "test_prompt_with_arguments", "description": "Takes two texts",
            "arguments": [argument("arg1"), argument("arg2")],
        },
        {
            "name": "test_prompt_with_embedded_resource", "description": "Embeds a resource",
            "arguments": [argument("resourceUri")],
        },
        { "name": "test_prompt_with_image", "description": "Has an image" },
        { "name": "test_input_required_result_prompt", "description": "Asks first" },
    ]))
}

pub fn get(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| {
        request
            .arguments
            .as_ref()
            .and_then(|arguments| arguments.get(name)?.as_str())
            .ok_or_else(|| ErrorData::invalid_params(format!("{name} is missing"), None))
    };
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("A prompt that takes nothing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1")?, argument("arg2")?);
            vec![text(&format!("The first is {first:?}, the second {second:?}."))]
        }
        "test_prompt_with_embedded_resource" => vec![
            json!({ "type": "resource", "resource": {
                "uri": argument("resourceUri")?, "mimeType": "text/plain", "text": "Embedded.",
            } }),
            text("Read the resource above."),
        ],
        "test_prompt_with_image" => vec![
            json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" }),
            text("Look at the image above."),
        ],
        "test_input_required_result_prompt" => {
            let question = rounds::ask_text("Which context?", "context");
            match rounds::given(request.input_responses.as_ref(), "user_context", "context") {
                Some(context) => vec![text(&format!("In the context of {context}."))],
                None => {
                    let asked = json!({ "user_context": question });
                    return Ok(rounds::required(asked, None).into());
                }
            }
        }
        _ => return Err(ErrorData::invalid_params("there is no prompt of that name", None)),
    };
    let messages =
        contents.into_iter().map(|content| json!({ "role": "user", "content": content }));
    Ok(GetPromptResult::new(of(messages.collect())).into())
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}
