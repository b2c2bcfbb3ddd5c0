//! The prompts: work that people start from their client's menu (contract §7).

use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};

use crate::domain::tool::Tool;
use crate::service::calls::Caller;

/// The longest argument, in characters.
const LONGEST: usize = 200;

/// An argument of a prompt.
struct Argument {
    name: &'static str,
    description: &'static str,
    /// What stands for it when it is left out; none if it must be given.
    default: Option<&'static str>,
}

/// A row of the table of prompts.
struct PromptRow {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [Argument],
    /// The text; `{name}` stands for an argument.
    text: &'static str,
    /// The tools that it speaks of: who may not call them is not offered it.
    tools: &'static [Tool],
}

const PROMPTS: [PromptRow; 2] = [
    PromptRow {
        name: "find_similar_stores",
        title: "Find stores like this one",
        description: "Reads one store's profile and searches for others of its kind.",
        arguments: &[
            Argument { name: "domain", description: "Domain name of the store", default: None },
            Argument {
                name: "count",
                description: "How many stores to list; 10 if left out",
                default: Some("10"),
            },
        ],
        text: "Find about {count} online stores like \"{domain}\".\n\
               1. Call get_store for it.\n\
               2. Call list_taxonomy for the values that the filters take.\n\
               3. Call search_stores with the filters that describe it best: category and country first, then traffic, platform and apps. \
               If there are too few, drop the narrowest filter and search again; do not ask for more rows than needed.\n\
               4. List the stores with domain, country, traffic and what they have in common with it, the most similar first. \
               Say which filters were used.",
        tools: &[Tool::GetStore, Tool::ListTaxonomy, Tool::SearchStores],
    },
    PromptRow {
        name: "prepare_outreach_list",
        title: "Prepare an outreach list",
        description: "Finds people to write to and says what revealing them would cost. Spends nothing.",
        arguments: &[
            Argument {
                name: "audience",
                description: "Which stores, in your words: fashion stores in Germany with Klaviyo",
                default: None,
            },
            Argument {
                name: "role",
                description: "Whom to write to; marketing if left out",
                default: Some("marketing"),
            },
            Argument {
                name: "count",
                description: "How many people; 20 if left out",
                default: Some("20"),
            },
        ],
        text: "Prepare a list of about {count} people to write to. Stores: \"{audience}\". Role: \"{role}\".\n\
               1. Call get_usage for what is left of search rows and credits, and list_taxonomy for the filter values.\n\
               2. Call search_contacts with filters for the role and, under store, for the stores. Prefer contacts with email_deliverable true.\n\
               3. Show the list: name, title, store, and which channels a reveal would give.\n\
               4. Say what revealing them would cost: at most 1 credit each, and how many credits are left. \
               Do not call reveal_contacts with confirm_spend_credits before the person has agreed to that price.",
        tools: &[Tool::GetUsage, Tool::ListTaxonomy, Tool::SearchContacts, Tool::RevealContacts],
    },
];

/// What `prompts/list` tells this caller.
pub(super) fn list(caller: &Caller) -> Vec<Prompt> {
    offered(caller)
        .map(|row| {
            let arguments = row.arguments.iter().map(|argument| {
                PromptArgument::new(argument.name)
                    .with_description(argument.description)
                    .with_required(argument.default.is_none())
            });
            Prompt::new(row.name, Some(row.description), Some(arguments.collect()))
                .with_title(row.title)
        })
        .collect()
}

/// A prompt with its arguments filled in.
///
/// # Errors
/// Invalid params for an unknown name, and for an argument that is missing, unknown, no text, or
/// too long (checklist B17).
pub(super) fn get(
    caller: &Caller,
    name: &str,
    given: Option<JsonObject>,
) -> Result<GetPromptResult, ErrorData> {
    let row = offered(caller)
        .find(|row| row.name == name)
        .ok_or_else(|| ErrorData::invalid_params("there is no prompt of that name", None))?;
    let given = given.unwrap_or_default();
    let is_known = |name: &String| row.arguments.iter().any(|argument| argument.name == name);
    if let Some(unknown) = given.keys().find(|name| !is_known(name)) {
        let unknown: String = unknown.chars().take(60).collect();
        return Err(ErrorData::invalid_params(format!("{unknown:?} is no argument of it"), None));
    }
    let mut text = row.text.to_owned();
    for argument in row.arguments {
        let value = match (given.get(argument.name), argument.default) {
            (Some(value), _) => value.as_str().map(str::trim).filter(|value| {
                !value.is_empty()
                    && value.chars().count() <= LONGEST
                    && !value.chars().any(char::is_control)
            }),
            (None, default) => default,
        };
        let value = value.ok_or_else(|| {
            let message = format!("{} must be a text of 1 to {LONGEST} characters", argument.name);
            ErrorData::invalid_params(message, None)
        })?;
        // What was filled in is data, and is not looked through for further places to fill.
        let place = format!("{{{}}}", argument.name);
        text = text.replace(&place, &value.replace(['{', '}'], ""));
    }
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(row.description))
}

fn offered(caller: &Caller) -> impl Iterator<Item = &'static PromptRow> + '_ {
    PROMPTS.iter().filter(|row| row.tools.iter().all(|tool| caller.principal.tools.contains(tool)))
}
