//! Calls that were refused before anybody knew whose they are: each is a row of the activity log like
//! any other, but strangers cannot fill the log. A minute holds so many of them; more are counted in
//! the server's own log.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;
use crate::service::{Ctx, meter};
use crate::store::activity::NewActivity;

/// Rows of strangers a minute, for each process.
const A_MINUTE: i64 = 600;
/// More calls a minute than ever come; what is above counts the minutes.
const FACTOR: i64 = 1 << 24;

/// How many rows of strangers this minute has had.
#[derive(Debug, Default)]
pub struct Budget(AtomicI64);

impl Budget {
    /// Takes one of this minute's rows, if there is one left. The first that finds none says so.
    fn take(&self, now: Timestamp) -> bool {
        let minute = now.seconds().div_euclid(60);
        let next = |state: i64| match state.div_euclid(FACTOR) == minute {
            true if state.rem_euclid(FACTOR) > A_MINUTE => None,
            true => Some(state + 1),
            false => Some(minute * FACTOR + 1),
        };
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let Ok(before) = before else { return false };
        let is_last = next(before).is_some_and(|state| state.rem_euclid(FACTOR) > A_MINUTE);
        if is_last {
            log::warn!(
                "more than {A_MINUTE} calls of strangers were refused in a minute; the rest of this minute is not written down"
            );
        }
        !is_last
    }
}

/// Writes a refused call down. A failure to do so must not turn the refusal into anything else.
pub async fn note(ctx: &Ctx, call: NewActivity) {
    if call.user_id.is_none() && !ctx.strangers.take(ctx.clock.now()) {
        return;
    }
    if let Err(error) = meter::note(ctx, call).await {
        log::error!("a refusal was not written down: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_so_many_and_the_next_as_many_again() {
        let budget = Budget::default();
        for minute in [0, 60_000, 7_200_000] {
            let taken = (0..A_MINUTE * 2).filter(|_| budget.take(Timestamp(minute))).count();
            assert_eq!(taken as i64, A_MINUTE);
        }
    }
}
