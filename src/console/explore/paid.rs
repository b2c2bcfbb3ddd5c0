//! A search is paid for when its form is sent, and then shown at an address that says so, signed for
//! this person and this very search. Reloading it, coming back to it and following it from elsewhere
//! cost nothing; whoever else opens it, or after an hour, finds the form filled and presses Search.
//! The list has the profiles of its stores whole, so the links to their pages are paid for with it; a
//! page that is opened by itself is paid for then, and reloaded for nothing.

use super::fields::Asked;
use crate::ids::UserId;
use crate::service::Ctx;

/// What the signature is for.
const PURPOSE: &str = "paid search";
/// How long the results are shown again, milliseconds.
const SHOWN_MILLIS: i64 = 3_600_000;

fn message(user: UserId, until: i64, address: &str) -> String {
    format!("{user}\n{until}\n{address}")
}

/// What says that `user` has just paid for what is at `plain`.
fn seal(ctx: &Ctx, user: UserId, plain: &str) -> String {
    let until = ctx.clock.now().0.saturating_add(SHOWN_MILLIS);
    let signature = ctx.config.secret.sign(PURPOSE, message(user, until, plain).as_bytes());
    format!("{until}.{signature}")
}

/// Whether that was said for this person and this address, and holds.
pub(super) fn holds(ctx: &Ctx, user: UserId, plain: &str, paid: &str) -> bool {
    let Some((until, signature)) = paid.split_once('.') else { return false };
    let Ok(until) = until.parse::<i64>() else { return false };
    let is_ours =
        ctx.config.secret.verify(PURPOSE, message(user, until, plain).as_bytes(), signature);
    is_ours && ctx.clock.now().0 < until
}

/// The address of a store's page that `user` has paid for.
pub(super) fn store(ctx: &Ctx, user: UserId, plain: &str) -> String {
    format!("{plain}?paid={}", seal(ctx, user, plain))
}

/// The address of a search that `user` has just paid for.
pub(super) fn address(ctx: &Ctx, user: UserId, path: &str, asked: &Asked) -> String {
    let paid = seal(ctx, user, &asked.href(path));
    Asked { paid, ..asked.clone() }.href(path)
}

/// Whether `user` has paid for this search, so that it can be shown again.
pub(super) fn is_paid(ctx: &Ctx, user: UserId, path: &str, asked: &Asked) -> bool {
    let plain = Asked { paid: String::new(), ..asked.clone() }.href(path);
    holds(ctx, user, &plain, &asked.paid)
}
