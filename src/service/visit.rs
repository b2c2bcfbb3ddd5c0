//! What a request brings along beside its form: from which session it comes, whether its form asked
//! not to be asked again, and in which zone its person reads times.
//!
//! It is kept with the task that answers the request, because every use case that needs a password
//! and every page that shows a time would otherwise hand it through. Nothing here is proof of
//! anything: whoever relies on a session's window reads it from the database (`service::login`).
//! Outside of a request there is nothing, so that a password is always asked for.

use std::cell::RefCell;

use crate::clock::Timestamp;
use crate::domain::time_zone::Zone;

/// The field of a form that asks not to be asked again for a while.
pub const KEEP: &str = "keep_confirmed";

/// A time in which a session is not asked for the password again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When the password was entered.
    pub since: Timestamp,
    /// When it is asked for again.
    pub until: Timestamp,
}

/// What is known of the request in hand.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// What its session is called, if somebody is signed in.
    pub session: Option<String>,
    /// The window of that session, as it was when the request came.
    pub window: Option<Window>,
    /// Whether the form asks to open one.
    pub keeps: bool,
    /// Whether its person could give a code instead of the password.
    pub has_two_factor: bool,
    /// The zone in which its person reads times; UTC if none.
    pub zone: Option<Zone>,
}

tokio::task_local! {
    static VISIT: RefCell<Visit>;
}

/// Answers a request with a place for what is known of it.
pub async fn within<F: Future>(request: F) -> F::Output {
    VISIT.scope(RefCell::default(), request).await
}

/// Notes something about the request in hand.
pub fn note(change: impl FnOnce(&mut Visit)) {
    // Outside of a request there is nobody to note it for.
    VISIT.try_with(|visit| change(&mut visit.borrow_mut())).unwrap_or_default();
}

/// What is known of the request in hand; nothing outside of one.
pub fn current() -> Visit {
    VISIT.try_with(|visit| visit.borrow().clone()).unwrap_or_default()
}
