//! The form as it arrives: the values that were shown, and those that were entered.

use std::collections::BTreeMap;

use crate::domain::settings::{SETTINGS, Settings, find};
use crate::error::{Error, ErrorCode, Result};
use crate::service::visit;

/// What the person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// To be told what the changes will do.
    Ask,
    /// To make them.
    Confirm,
    /// To go back to the form.
    Edit,
}

/// A posted form.
#[derive(Debug, Clone)]
pub(super) struct Posted {
    pub step: Step,
    pub password: String,
    /// The settings that the form was filled with.
    pub was: Settings,
    /// What was entered, by name; a setting that did not come keeps its value.
    texts: BTreeMap<&'static str, String>,
}

impl Posted {
    /// Nothing entered yet.
    pub fn nothing() -> Self {
        let (password, texts) = (String::new(), BTreeMap::new());
        Self { step: Step::Edit, password, was: Settings::default(), texts }
    }

    /// Reads the fields.
    ///
    /// # Errors
    /// That no page of ours makes such a form.
    pub fn read(fields: Vec<(String, String)>) -> Result<Self> {
        let mut posted = Self { step: Step::Ask, ..Self::nothing() };
        let mut was = None;
        for (name, value) in fields {
            match name.as_str() {
                "csrf" | "username" | visit::KEEP => {}
                "password" => posted.password = value,
                "was" => was = Some(shown(&value).ok_or_else(unreadable)?),
                "step" => {
                    posted.step = match value.as_str() {
                        "confirm" => Step::Confirm,
                        "edit" => Step::Edit,
                        _ => return Err(unreadable()),
                    }
                }
                other => {
                    let setting = find(other).ok_or_else(unreadable)?;
                    posted.texts.insert(setting.name, value);
                }
            }
        }
        posted.was = was.ok_or_else(unreadable)?;
        Ok(posted)
    }

    /// What was entered for a setting.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The settings as they are to become.
    ///
    /// # Errors
    /// Everything that is wrong, each naming its field.
    pub fn becomes(&self) -> Result<Settings, Vec<Error>> {
        let mut settings = self.was.clone();
        // In the order of the screen.
        let wrong: Vec<Error> = SETTINGS
            .iter()
            .filter_map(|setting| {
                let text = self.text(setting.name)?;
                let message = setting.put(&mut settings, text).err()?;
                Some(Error::field(setting.name, message))
            })
            .collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let wrong: Vec<Error> = settings
            .problems()
            .into_iter()
            .map(|problem| Error::field(problem.name, problem.message))
            .collect();
        if wrong.is_empty() { Ok(settings) } else { Err(wrong) }
    }

    /// The same without what was left as it was shown, so that it takes the value of today.
    pub fn only_touched(&self) -> Self {
        let mut touched = self.clone();
        touched.texts.retain(|name, text| {
            let mut settings = self.was.clone();
            find(name).is_some_and(|setting| {
                setting.put(&mut settings, text).is_err()
                    || setting.stored(&settings) != setting.stored(&self.was)
            })
        });
        touched
    }
}

/// The settings that a form was filled with.
fn shown(json: &str) -> Option<Settings> {
    let rows: BTreeMap<String, String> = serde_json::from_str(json).ok()?;
    let (settings, unreadable) = Settings::from_rows(&rows);
    unreadable.is_empty().then_some(settings)
}

fn unreadable() -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        "This form is not one of this version's Settings page. Nothing was changed. Open Settings and try again.",
    )
}
