//! The line to a caller, who may hang up in the middle of a call.
//!
//! In the modern era hanging up ends the call (checklist A40): what waits stops waiting, and what
//! has not begun to spend does not. The call is written down as cancelled; one that searched counts
//! as a request, so that hanging up is no way to search for free. What spends is one transaction
//! and is never stopped within it. In the earlier era a lost connection says nothing of the call.

use tokio_util::sync::CancellationToken;

/// The line to a caller; by default one that is never cut.
#[derive(Debug, Clone, Default)]
pub struct Line(Option<CancellationToken>);

impl Line {
    /// A line that `cut` says the end of, if it says anything.
    pub fn new(cut: Option<CancellationToken>) -> Self {
        Self(cut)
    }

    /// Whether the caller has hung up.
    pub(super) fn is_cut(&self) -> bool {
        self.0.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Waits until the caller hangs up, for ever if that says nothing.
    pub(super) async fn cut(&self) {
        match &self.0 {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    }
}
