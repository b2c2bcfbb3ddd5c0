//! The form of a role as it arrives, and what its changes do in words.

use std::collections::BTreeSet;

use crate::console::steps::{Change, Fields, counted};
use crate::domain::access::Permission;
use crate::domain::role::{
    RoleTerms, check_description, check_name, losing, permissions_text, ticked_permissions,
    ticked_tools, titles, tools_text,
};
use crate::domain::tool::{TOOLS, Tool};
use crate::error::Error;

/// What the form holds.
pub(super) struct Typed {
    pub name: String,
    pub description: String,
    pub permissions: BTreeSet<Permission>,
    pub tools: BTreeSet<Tool>,
    /// What was ticked and is not of the lists.
    wrong: Vec<Error>,
}

impl Typed {
    /// What a role says.
    pub fn of(terms: &RoleTerms) -> Self {
        Self {
            name: terms.name.clone(),
            description: terms.description.clone(),
            permissions: terms.permissions(),
            tools: terms.tools(),
            wrong: Vec::new(),
        }
    }

    /// Reads the fields.
    pub fn read(fields: &Fields) -> Self {
        let mut wrong = Vec::new();
        let permissions = ticked_permissions(fields.all("permission"))
            .map_err(|message| wrong.push(Error::field("permission", message)));
        let tools = ticked_tools(fields.all("tool"))
            .map_err(|message| wrong.push(Error::field("tool", message)));
        Self {
            name: fields.one("name").to_owned(),
            description: fields.one("description").to_owned(),
            permissions: permissions.unwrap_or_default(),
            tools: tools.unwrap_or_default(),
            wrong,
        }
    }

    /// The role as it is to become, or everything that is wrong. Of a built-in role only the tools
    /// are asked for.
    pub fn terms(&self, built_in: Option<&RoleTerms>) -> Result<RoleTerms, Vec<Error>> {
        let tools = tools_text(&self.tools);
        let mut errors: Vec<Error> = Vec::new();
        if let Some(fixed) = built_in {
            let wrong = self.wrong.iter().filter(|error| error.param.as_deref() == Some("tool"));
            errors.extend(wrong.map(|error| Error::field("tool", error.message.clone())));
            let fixed = RoleTerms { tools, ..fixed.clone() };
            return if errors.is_empty() { Ok(fixed) } else { Err(errors) };
        }
        let mut keep = |field: &'static str, message: String| {
            errors.push(Error::field(field, message));
        };
        let name = check_name(&self.name).map_err(|message| keep("name", message));
        let description =
            check_description(&self.description).map_err(|message| keep("description", message));
        errors.extend(self.wrong.iter().map(|error| {
            let field = error.param.clone().unwrap_or_default();
            Error::field(field, error.message.clone())
        }));
        match (name, description) {
            (Ok(name), Ok(description)) if errors.is_empty() => {
                let permissions = permissions_text(&self.permissions);
                Ok(RoleTerms { name, description, permissions, tools })
            }
            _ => Err(errors),
        }
    }

    /// The fields that carry it.
    pub fn fields(terms: &RoleTerms) -> Vec<(&'static str, String)> {
        let mut fields =
            vec![("name", terms.name.clone()), ("description", terms.description.clone())];
        let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
        fields.extend(list(&terms.permissions).into_iter().map(|name| ("permission", name)));
        fields.extend(list(&terms.tools).into_iter().map(|name| ("tool", name)));
        fields
    }

    /// Whether that box is ticked.
    pub fn has(&self, permission: &Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Whether that box is ticked.
    pub fn has_tool(&self, tool: &Tool) -> bool {
        self.tools.contains(tool)
    }
}

/// The names for people of these tools, in their order.
fn tool_titles(tools: &BTreeSet<Tool>) -> String {
    let rows = TOOLS.iter().filter(|row| tools.contains(&row.tool));
    rows.map(|row| row.title).collect::<Vec<_>>().join(", ")
}

/// What a new role allows.
pub(super) fn told_new(terms: &RoleTerms) -> Vec<Change> {
    let (permissions, tools) = (terms.permissions(), terms.tools());
    let or_none = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    let say = |title: &str, new: String| Change {
        title: title.into(),
        old: None,
        new,
        note: String::new(),
    };
    vec![
        Change::note("Nobody has it until somebody gives it to them."),
        say("Console", or_none(titles(&permissions).join(", "), "only what is their own")),
        say("Tools of AI clients", or_none(tool_titles(&tools), "none")),
    ]
}

/// What a change does to the people who have the role.
pub(super) fn told(was: &RoleTerms, becomes: &RoleTerms, people: i64, is_own: bool) -> Vec<Change> {
    let mut changes = vec![Change::note(match people {
        0 => "Nobody has this role now.".to_owned(),
        _ => format!("Applies to {} at their next request.", counted(&people, "person", "people")),
    })];
    let mut say = |title: &str, old: Option<&str>, new: String, note: &str| {
        changes.push(Change {
            title: title.into(),
            old: old.map(str::to_owned),
            new,
            note: note.into(),
        });
    };
    if was.name != becomes.name {
        say("Name", Some(&was.name), becomes.name.clone(), "");
    }
    if was.description != becomes.description {
        let text = match becomes.description.as_str() {
            "" => "none".to_owned(),
            text => text.to_owned(),
        };
        say("Description", None, text, "");
    }
    let (old, new) = (was.permissions(), becomes.permissions());
    let (gained, lost) = (&new - &old, &old - &new);
    if !gained.is_empty() {
        say("May now", None, titles(&gained).join(", "), "");
    }
    if !lost.is_empty() {
        say("May no longer", None, titles(&lost).join(", "), "Pages that are open stop working.");
    }
    let (old, new) = (was.tools(), becomes.tools());
    let (gained, lost) = (&new - &old, &old - &new);
    if !gained.is_empty() {
        let note = "AI clients see them the next time they ask for the list, if what was approved covers them.";
        say("Tools added", None, tool_titles(&gained), note);
    }
    if !lost.is_empty() {
        let note = "The next call is refused, and the tools are no longer listed.";
        say("Tools taken away", None, tool_titles(&lost), note);
    }
    if is_own && let Some(lost) = losing(&(&was.permissions() - &becomes.permissions())) {
        changes.push(Change::note(format!("This is your own role. {lost}")));
    }
    changes
}
