//! Everything that is wrong with a form, told at once: each complaint with its field, in their order.

use crate::error::{Error, Result};
use crate::service::visit;

/// The complaints about a form while it is read.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Error>);

impl From<Vec<Error>> for Problems {
    fn from(errors: Vec<Error>) -> Self {
        Self(errors)
    }
}

impl Problems {
    /// The value of a field, if it will do; else the complaint is kept.
    pub fn keep<T>(&mut self, field: Result<T>) -> Option<T> {
        field.map_err(|error| self.0.push(error)).ok()
    }

    /// What the form asks for, or everything that is wrong with it. That the password was left out
    /// is said along with the rest; alone it is for `service::login` to say, which counts attempts.
    ///
    /// # Errors
    /// All complaints.
    pub fn unless<T>(mut self, wanted: Option<T>, password: Password<'_>) -> Result<T, Vec<Error>> {
        match wanted {
            Some(wanted) if self.0.is_empty() => Ok(wanted),
            _ => {
                if password.is_missing() {
                    self.0.push(Error::field("password", "Enter your password."));
                }
                Err(self.0)
            }
        }
    }
}

/// The own password beside the fields of a form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Password<'a> {
    /// The form asks for none.
    NotAsked,
    /// As typed; needless while a session is in its window.
    Asked(&'a str),
    /// As typed; the window does not do.
    AskedAnew(&'a str),
}

impl Password<'_> {
    fn is_missing(self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Asked(typed) => typed.is_empty() && visit::current().window.is_none(),
            Self::AskedAnew(typed) => typed.is_empty(),
        }
    }
}

/// What the form is shown again with: all of it, if each can be put right there.
///
/// # Errors
/// The one that cannot.
pub(super) fn for_the_form(
    mut errors: Vec<Error>,
    is_of_the_form: fn(&Error) -> bool,
) -> Result<Vec<Error>> {
    match errors.iter().position(|error| !is_of_the_form(error)) {
        Some(place) => Err(errors.swap_remove(place)),
        None => Ok(errors),
    }
}

/// A failed re-entry of the password, told at its field; the throttle is one on it, too.
pub(super) fn of_the_password(error: Error) -> Error {
    Error { param: error.param.or(Some("password".into())), ..error }
}
