//! Changing the settings of the running server. A change acts on the next request of every replica,
//! because the version grows with it.

use serde_json::{Map, Value, json};

use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::settings::{self as rules, Settings};
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::audit::{self, NewEntry};
use crate::store::settings;

/// What somebody wants to change. Both ends are whole, so that a change is judged against what the
/// person saw.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The settings as they were shown.
    pub was: Settings,
    /// The settings as they are to become.
    pub becomes: Settings,
}

impl Edit {
    /// Whether it needs the password.
    pub fn widens(&self) -> bool {
        rules::changes(&self.was, &self.becomes).iter().any(|change| change.widens())
    }

    /// Refuses if any setting is no longer what the person saw.
    ///
    /// # Errors
    /// `conflict`, naming what has changed meanwhile.
    pub fn check_against(&self, current: &Settings) -> Result<()> {
        let meanwhile: Vec<String> = rules::changes(&self.was, current)
            .iter()
            .map(|change| format!("{} is now {}", change.setting.title, change.new_in_words()))
            .collect();
        if meanwhile.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::Conflict,
            format!(
                "Somebody else changed settings while you were editing: {}. Nothing of yours was saved. Your own changes are still in the form; check them and save again.",
                meanwhile.join("; ")
            ),
        ))
    }
}

/// Changes settings, all of them or none. Whoever lets in more, or for longer, must have re-entered
/// their password.
///
/// # Errors
/// Names the setting that is wrong; `conflict` if somebody else changed any meanwhile;
/// `wrong_password` without the proof that it needs.
pub async fn change(
    ctx: &Ctx,
    actor: &Actor,
    proof: Option<Reconfirmed>,
    edit: Edit,
) -> Result<()> {
    if proof.as_ref().is_some_and(|proof| Some(proof.user) != actor.user) {
        return Err(Error::internal("a password proof of somebody else"));
    }
    if let Some(problem) = edit.becomes.problems().into_iter().next() {
        return Err(Error::field(problem.name, problem.message));
    }
    let is_refused = proof.is_none() && edit.widens();
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            if !is_refused {
                // First of all: whoever else changes settings waits here until this is done.
                settings::bump(conn)?;
                let (current, _) = Settings::from_rows(&settings::all(conn)?);
                edit.check_against(&current)?;
                write(conn, &edit)?;
            }
            let (names, changes) = told(&edit);
            let target = Target { kind: "settings", id: None, label: names };
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::SettingsChanged,
                target: Some(&target),
                outcome: if is_refused { Outcome::Denied } else { Outcome::Ok },
                detail: json!({ "changes": changes }),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await?;
    if is_refused {
        return Err(Error {
            param: Some("password".into()),
            ..Error::new(ErrorCode::WrongPassword, "Enter your password to confirm.")
        });
    }
    Ok(())
}

/// Only what differs from the default is kept.
fn write(conn: &mut Conn, edit: &Edit) -> Result<()> {
    let usual = Settings::default();
    for change in rules::changes(&edit.was, &edit.becomes) {
        let value = change.new_value();
        if value == change.setting.stored(&usual) {
            settings::clear(conn, change.setting.name)?;
        } else {
            settings::set(conn, change.setting.name, &value)?;
        }
    }
    Ok(())
}

/// The names of what changes, and each with its two values.
fn told(edit: &Edit) -> (String, Map<String, Value>) {
    let changes = rules::changes(&edit.was, &edit.becomes);
    let names: Vec<_> = changes.iter().map(|change| change.setting.name).collect();
    let values = changes.iter().map(|change| {
        let pair = json!({ "old": change.old_value(), "new": change.new_value() });
        (change.setting.name.to_owned(), pair)
    });
    (names.join(", "), values.collect())
}
