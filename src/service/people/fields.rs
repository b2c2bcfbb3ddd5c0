//! What is typed about a person, field by field, so that a form can tell everything that is wrong.

use crate::domain::name::is_name;
use crate::domain::{email, password, time_zone};
use crate::error::{Error, Result};

/// The longest name of a person or account, in characters.
const LONGEST_NAME: usize = 100;

/// The full name of somebody else.
///
/// # Errors
/// Names `name`.
pub fn their_name(typed: &str) -> Result<String> {
    one_line("name", "a full name", typed)
}

/// One's own full name.
///
/// # Errors
/// Names `name`.
pub fn own_name(typed: &str) -> Result<String> {
    one_line("name", "your full name", typed)
}

/// The name of the account that is made along with the first person.
///
/// # Errors
/// Names `account`.
pub fn account(typed: &str) -> Result<String> {
    one_line("account", "the name of your company or team", typed)
}

/// An address in its one spelling.
///
/// # Errors
/// Names `email`.
pub fn address(typed: &str) -> Result<String> {
    email::normalise(typed)
        .map_err(|reason| Error::field("email", format!("The address {reason}.")))
}

/// A password that is to be set, for whoever has this address and name.
///
/// # Errors
/// Names `field`.
pub fn password(field: &'static str, new: &str, email: &str, name: &str) -> Result<()> {
    password::check(new, email, name).map_err(|reason| Error::field(field, reason))
}

/// A time zone; none is UTC.
///
/// # Errors
/// Names `time_zone`.
pub fn zone(typed: &str) -> Result<Option<String>> {
    match typed {
        "" | "UTC" => Ok(None),
        known if time_zone::parse(known).is_some() => Ok(Some(known.to_owned())),
        _ => Err(Error::field("time_zone", "Time zone: choose one of the list.")),
    }
}

/// A name of something on one line.
///
/// # Errors
/// Names `field`.
pub fn one_line(field: &'static str, what: &str, typed: &str) -> Result<String> {
    let text = typed.trim();
    if text.is_empty() {
        return Err(Error::field(field, format!("Enter {what}.")));
    }
    if !is_name(text, LONGEST_NAME) {
        return Err(Error::field(
            field,
            "Use at most 100 characters on one line, all of them visible.",
        ));
    }
    Ok(text.to_owned())
}
