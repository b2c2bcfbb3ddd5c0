//! Calls that cost nothing: no plan limits them, so each token and each key has so many of them a
//! minute (checklist B21). Counted in memory, in each process for itself, because a call that is
//! refused must not cost more than one that is answered; one credential never takes from another.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::domain::quota::Span;
use crate::error::{Error, ErrorCode, Result};
use crate::service::calls::Caller;
use crate::service::verify::Credential;
use crate::service::{Ctx, strangers};

/// The fewest of a minute: a hundred a second, many times what a client does that goes about its
/// work, and what a server answers without effort.
const LEAST: i64 = 6_000;
/// As many for each request that the plan gives a minute.
const FOR_EACH_REQUEST: i64 = 10;

/// The calls of this minute that cost nothing, by what they came with.
#[derive(Debug)]
pub struct FreeCalls {
    least: i64,
    minute: Mutex<Minute>,
}

impl Default for FreeCalls {
    fn default() -> Self {
        Self::at_least(LEAST)
    }
}

#[derive(Debug, Default)]
struct Minute {
    /// Its number; those before it are forgotten.
    number: i64,
    taken: HashMap<Credential, Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    calls: i64,
    is_told: bool,
}

/// How a call fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// There was room for it.
    Fits,
    /// There was none, for the first time in this minute.
    FirstTooMany,
    /// There was none.
    TooMany,
}

impl FreeCalls {
    /// Gives each credential so many a minute, however few its plan gives.
    pub fn at_least(least: i64) -> Self {
        Self { least, minute: Mutex::default() }
    }

    /// The state of that minute. What panicked with the lock held left no count in between.
    fn minute(&self, now: Timestamp) -> MutexGuard<'_, Minute> {
        let number = now.seconds().div_euclid(60);
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number != number {
            *minute = Minute { number, taken: HashMap::new() };
        }
        minute
    }

    /// Takes one of `most`. What a call will cost is known at its end; until then it counts here.
    fn take(&self, credential: Credential, most: i64, now: Timestamp) -> Verdict {
        let mut minute = self.minute(now);
        let taken = minute.taken.entry(credential).or_default();
        if taken.calls < most {
            taken.calls += 1;
            Verdict::Fits
        } else if std::mem::replace(&mut taken.is_told, true) {
            Verdict::TooMany
        } else {
            Verdict::FirstTooMany
        }
    }

    /// Takes one back that turned out to cost something, and counts with the plan's.
    pub(super) fn give_back(&self, credential: Credential, now: Timestamp) {
        if let Some(taken) = self.minute(now).taken.get_mut(&credential) {
            taken.calls = (taken.calls - 1).max(0);
        }
    }
}

/// Takes one of the caller's calls of this minute. The first that finds none left is written down
/// as `operation`; the others of that minute would be as many rows of the same.
///
/// # Errors
/// `rate_limit_exceeded`, with the seconds to wait.
pub async fn take(ctx: &Ctx, caller: &Caller, operation: &str) -> Result<()> {
    let now = ctx.clock.now();
    let plan = &caller.principal.plan;
    let most = ctx.free_calls.least.max(plan.requests_per_minute.saturating_mul(FOR_EACH_REQUEST));
    let verdict = ctx.free_calls.take(caller.principal.credential, most, now);
    if verdict == Verdict::Fits {
        return Ok(());
    }
    let code = ErrorCode::RateLimitExceeded;
    if verdict == Verdict::FirstTooMany {
        let (status, name) = (i32::from(code.status()), Some(code.as_str()));
        strangers::note(ctx, caller.record(ctx, operation, "limited", status, name, 0)).await;
    }
    let seconds = (Span::Minute.reset(now).0 - now.0).div_euclid(1000) + 1;
    let message = format!(
        "More than {most} calls in this minute that cost nothing or did not work. Wait and try again."
    );
    Err(Error::new(code, message).retry_after(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ApiKeyId, TokenId};

    const NOW: Timestamp = Timestamp(120_000);

    #[test]
    fn each_credential_has_its_own_and_a_minute_later_as_many_again() {
        let calls = FreeCalls::default();
        let (one, other) = (Credential::Token(TokenId(1)), Credential::Key(ApiKeyId(1)));
        for now in [NOW, Timestamp(NOW.0 + 60_000)] {
            assert!((0..3).all(|_| calls.take(one, 3, now) == Verdict::Fits));
            assert_eq!(calls.take(one, 3, now), Verdict::FirstTooMany);
            assert_eq!(calls.take(one, 3, now), Verdict::TooMany);
            assert_eq!(calls.take(other, 3, now), Verdict::Fits);
        }
    }

    #[test]
    fn what_is_paid_for_leaves_room_and_no_more_than_there_was() {
        let calls = FreeCalls::default();
        let one = Credential::Token(TokenId(1));
        for _ in 0..10 {
            assert_eq!(calls.take(one, 1, NOW), Verdict::Fits);
            calls.give_back(one, NOW);
        }
        calls.give_back(one, NOW);
        assert_eq!(calls.take(one, 1, NOW), Verdict::Fits);
        assert_eq!(calls.take(one, 1, NOW), Verdict::FirstTooMany);
        // What began in the minute before takes nothing back in this one.
        let next = Timestamp(NOW.0 + 60_000);
        calls.give_back(one, next);
        assert_eq!(calls.take(one, 1, next), Verdict::Fits);
        assert_eq!(calls.take(one, 1, next), Verdict::FirstTooMany);
    }

    #[test]
    fn of_parallel_calls_just_so_many_fit() {
        let calls = FreeCalls::default();
        let one = Credential::Token(TokenId(1));
        let fitted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..200).filter(|_| calls.take(one, 300, NOW) == Verdict::Fits).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(fitted, 300);
    }
}
