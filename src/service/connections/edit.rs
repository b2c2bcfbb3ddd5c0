//! A person's own name for a connection, and less for it to do. Nothing here can give it more: that
//! is the approval's alone.

use serde_json::json;

use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::scope::{Scope, ScopeSet};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{ConsentId, UserId};
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::{connections, consents, tokens};

/// The longest own name, in characters.
pub const LONGEST_LABEL: usize = 60;

/// What is to become of a connection.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Its own name; empty for the client's.
    pub label: String,
    /// What it shall lose.
    pub withdrawn: ScopeSet,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// What it is called now.
    pub name: String,
    /// Whether its name is another.
    pub is_renamed: bool,
    /// What it may no longer do.
    pub withdrawn: ScopeSet,
}

impl Edit {
    /// The name as it is kept.
    ///
    /// # Errors
    /// Names the field.
    pub fn label(&self) -> Result<&str> {
        let label = self.label.trim();
        if label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
            return Err(Error::field(
                "label",
                format!(
                    "Your name for it has at most {LONGEST_LABEL} characters, all on one line."
                ),
            ));
        }
        Ok(label)
    }
}

/// What a connection without any permission would be.
pub fn nothing_left() -> Error {
    Error::field(
        "scope",
        "Leave it at least one permission. To take all of them, revoke the connection.",
    )
}

/// Renames a person's own connection and takes permissions from it, with the very next call. What is
/// withdrawn is taken from the approval and from every token under it, so that a later approval
/// gives it to the tokens that come of it and to no older one.
///
/// # Errors
/// Names the field that is wrong; `not_found`; `conflict` if the connection has ended.
pub async fn edit(
    ctx: &Ctx,
    actor: &Actor,
    owner: UserId,
    id: ConsentId,
    wanted: Edit,
) -> Result<Edited> {
    let label = wanted.label()?.to_owned();
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            lock::user(conn, owner)?;
            let row = connections::of_user(conn, owner, id)?
                .ok_or_else(|| Error::not_found("There is no such connection."))?;
            let held = ScopeSet::parse_known(&row.scopes);
            let left: ScopeSet =
                held.iter().filter(|scope| !is_taken(*scope, &wanted.withdrawn)).collect();
            if !left.allows_anything() {
                return Err(nothing_left());
            }
            if consents::change(conn, id, &label, &left.to_string(), now)? == 0 {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "This connection has ended, so there is nothing to change.",
                ));
            }
            let withdrawn: ScopeSet = held.iter().filter(|scope| !left.contains(*scope)).collect();
            let is_renamed = row.label != label;
            let target = Target { kind: "connection", id: Some(id.0), label: row.client.clone() };
            let note = |conn: &mut Conn, action, detail| {
                let (actor, target, outcome) = (&actor, Some(&target), Outcome::Ok);
                audit::insert(conn, &NewEntry { at: now, actor, action, target, outcome, detail })
            };
            if is_renamed {
                let detail = json!({ "was": row.label, "becomes": label });
                note(conn, Action::ConnectionRenamed, detail)?;
            }
            if !withdrawn.is_empty() {
                for (token, scopes) in tokens::scopes_of_consent(conn, id)? {
                    let narrowed = ScopeSet::parse_known(&scopes).intersection(&left).to_string();
                    tokens::set_scopes(conn, token, &narrowed)?;
                }
                let detail =
                    json!({ "withdrawn": withdrawn.to_string(), "scopes": left.to_string() });
                note(conn, Action::ConnectionNarrowed, detail)?;
            }
            let name = if label.is_empty() { row.client } else { label.clone() };
            Ok(Edited { name, is_renamed, withdrawn })
        })
        .await
}

/// Whether a scope goes: name and address of a person go with knowing who they are.
fn is_taken(scope: Scope, withdrawn: &ScopeSet) -> bool {
    let goes_along =
        matches!(scope, Scope::Profile | Scope::Email) && withdrawn.contains(Scope::OpenId);
    // Staying connected is no permission to be narrowed: whoever wants the end of it revokes.
    scope != Scope::OfflineAccess && (goes_along || withdrawn.contains(scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_sixty_characters() {
        let label = |text: &str| {
            let edit = Edit { label: text.into(), withdrawn: ScopeSet::default() };
            edit.label().map(str::to_owned).ok()
        };
        assert_eq!(label("  Work laptop "), Some("Work laptop".into()));
        assert_eq!(label(""), Some(String::new()));
        assert_eq!(label(&"ü".repeat(60)), Some("ü".repeat(60)));
        assert_eq!(label(&"ü".repeat(61)), None);
        assert_eq!(label("two\nlines"), None);
    }

    #[test]
    fn name_and_address_go_with_who_one_is_and_staying_connected_never_goes() {
        let all = ScopeSet::all();
        let openid: ScopeSet = [Scope::OpenId].into_iter().collect();
        let left: ScopeSet = all.iter().filter(|scope| !is_taken(*scope, &openid)).collect();
        assert!(!left.contains(Scope::Email) && !left.contains(Scope::Profile));
        assert!(left.contains(Scope::ContactsReveal) && left.contains(Scope::OfflineAccess));
        assert!(!is_taken(Scope::OfflineAccess, &all));
    }
}
