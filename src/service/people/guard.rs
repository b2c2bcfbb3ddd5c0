//! Who may do what to whom: nobody to themselves, nobody to somebody who may do more, and nobody to
//! the last administrator.

use std::collections::BTreeSet;

use crate::db::{Conn, lock};
use crate::domain::access::{ADMINISTRATOR, Permission, Standing, parse_permissions};
use crate::domain::audit::Actor;
use crate::domain::role::titles;
use crate::error::{Error, ErrorCode, Result};
use crate::store::users::{self, UserRow};

/// What the acting person's role allows now; nothing stands above somebody at the command line.
fn permissions_of(conn: &mut Conn, actor: &Actor) -> Result<Option<BTreeSet<Permission>>> {
    let Some(id) = actor.user else { return Ok(None) };
    let row = users::by_id(conn, id)?
        .ok_or_else(|| Error::new(ErrorCode::SignInRequired, "Sign in first."))?;
    Ok(Some(parse_permissions(&row.permissions)))
}

/// Refuses to touch somebody whose role allows what the acting person's does not: with their
/// password, their address or a link for them one could become them.
pub(in crate::service) fn over(conn: &mut Conn, actor: &Actor, user: &UserRow) -> Result<()> {
    if actor.user == Some(user.id) {
        return Ok(());
    }
    let own = permissions_of(conn, actor)?;
    let theirs = parse_permissions(&user.permissions);
    let beyond: BTreeSet<_> = own.map(|own| &theirs - &own).unwrap_or_default();
    let titles = titles(&beyond);
    let Some((first, more)) = titles.split_first() else { return Ok(()) };
    let and_more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(Error::new(
        ErrorCode::PermissionDenied,
        format!(
            "{} is {}, which may do more than your role: it includes “{first}”{and_more}. Ask an administrator to do it.",
            user.name, user.role
        ),
    ))
}

/// Refuses to hand out a role that allows what the acting person's own does not.
pub(super) fn hands_out(conn: &mut Conn, actor: &Actor, permissions: &str) -> Result<()> {
    let own = permissions_of(conn, actor)?;
    if own.is_none_or(|own| parse_permissions(permissions).is_subset(&own)) {
        return Ok(());
    }
    Err(Error {
        param: Some("role".into()),
        ..Error::new(
            ErrorCode::PermissionDenied,
            "That role may do more than yours. Ask an administrator to give it.",
        )
    })
}

/// Refuses what would lock the acting person out.
pub(super) fn not_oneself(actor: &Actor, user: &UserRow, what: &str) -> Result<()> {
    if actor.user != Some(user.id) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Conflict,
        format!("You cannot {what} yourself. Ask another administrator to do it."),
    ))
}

/// Keeps others from taking an administrator away until the end of this transaction. Comes before the
/// lock of any user.
pub(super) fn lock_administrators(conn: &mut Conn) -> Result<()> {
    Ok(lock::holders(conn, ADMINISTRATOR.name)?)
}

/// Refuses to take the last active administrator away, under [`lock_administrators`].
pub(super) fn keeps_an_administrator(conn: &mut Conn, user: &UserRow) -> Result<()> {
    let counts = user.role == ADMINISTRATOR.name && user.standing() == Standing::Active;
    if !counts || users::other_administrators(conn, user.id)? > 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Conflict,
        format!(
            "{} is the last active administrator. Make somebody else an administrator first.",
            user.name
        ),
    ))
}
