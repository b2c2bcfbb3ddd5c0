//! Slows down guessing: failed attempts are counted by what was tried and from where (ASVS 6.3.1).

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::store::throttles;

/// A thing that may be tried only so often.
#[derive(Debug, Clone)]
pub struct Limit {
    subject: String,
    most: i64,
    window_seconds: i64,
}

impl Limit {
    /// Passwords of one person: 5 failures in 15 minutes.
    pub fn password_of(email: &str) -> Self {
        Self { subject: format!("password:{email}"), most: 5, window_seconds: 900 }
    }

    /// Passwords from one address: 50 failures in 15 minutes.
    pub fn passwords_from(address: IpAddr) -> Self {
        Self { subject: format!("password-from:{address}"), most: 50, window_seconds: 900 }
    }

    /// Connection checks of one person: 10 in 10 minutes.
    pub fn connection_checks_of(user: UserId) -> Self {
        Self { subject: format!("connection-check:{user}"), most: 10, window_seconds: 600 }
    }

    /// Codes of one person's second factor: 5 failures in 15 minutes. Not counted with their
    /// passwords, because whoever guesses codes knows the password and could begin anew with it.
    pub fn codes_of(user: UserId) -> Self {
        Self { subject: format!("code:{user}"), most: 5, window_seconds: 900 }
    }

    /// New addresses that one person asks to confirm: 5 an hour, so that nobody's mailbox fills.
    pub fn addresses_of(user: UserId) -> Self {
        Self { subject: format!("address-of:{user}"), most: 5, window_seconds: 3600 }
    }

    /// Links to set a new password, asked for one address: 5 an hour, so that nobody's mailbox fills.
    pub fn resets_of(email: &str) -> Self {
        Self { subject: format!("reset:{email}"), most: 5, window_seconds: 3600 }
    }

    /// Links to set a new password, asked for from one address: 30 an hour.
    pub fn resets_from(address: IpAddr) -> Self {
        Self { subject: format!("reset-from:{address}"), most: 30, window_seconds: 3600 }
    }

    /// Registrations from one address: generous, because clients register anew at every
    /// reconnection (checklist D15).
    pub fn registrations_from(address: IpAddr) -> Self {
        Self { subject: format!("register-from:{address}"), most: 60, window_seconds: 3600 }
    }

    /// Metadata documents fetched for one person: 20 in 15 minutes.
    pub fn documents_for(user: UserId) -> Self {
        Self { subject: format!("document-for:{user}"), most: 20, window_seconds: 900 }
    }

    /// Metadata documents fetched from one host: 60 in 15 minutes.
    pub fn documents_from(host: &str) -> Self {
        Self { subject: format!("document-from:{host}"), most: 60, window_seconds: 900 }
    }

    /// Failures at the token endpoint from one address.
    pub fn token_failures_from(address: IpAddr) -> Self {
        Self { subject: format!("token-from:{address}"), most: 100, window_seconds: 60 }
    }
}

/// Whether another attempt is allowed.
///
/// # Errors
/// `rate_limit_exceeded`, with the seconds to wait.
pub fn check(conn: &mut Conn, limit: &Limit, now: Timestamp) -> Result<()> {
    match throttles::load(conn, &limit.subject, now)? {
        Some((failures, ends)) if failures >= limit.most => Err(too_many(ends, now)),
        _ => Ok(()),
    }
}

/// Counts an attempt or failure.
///
/// # Errors
/// When the database cannot answer.
pub fn count(conn: &mut Conn, limit: &Limit, now: Timestamp) -> Result<i64> {
    Ok(throttles::count(conn, &limit.subject, now, now.plus_seconds(limit.window_seconds))?)
}

/// Counts an attempt and refuses it if there were too many: one statement decides.
///
/// # Errors
/// `rate_limit_exceeded`, with the seconds to wait.
pub fn count_or_refuse(conn: &mut Conn, limit: &Limit, now: Timestamp) -> Result<()> {
    if count(conn, limit, now)? > limit.most {
        let running = throttles::load(conn, &limit.subject, now)?;
        let ends = running.map_or(now.plus_seconds(limit.window_seconds), |(_, ends)| ends);
        return Err(too_many(ends, now));
    }
    Ok(())
}

/// Forgets failures after a success.
///
/// # Errors
/// When the database cannot answer.
pub fn clear(conn: &mut Conn, limit: &Limit) -> Result<()> {
    throttles::clear(conn, &limit.subject)?;
    Ok(())
}

fn too_many(ends: Timestamp, now: Timestamp) -> Error {
    // Rounded up, so that whoever waits as long is let in.
    let seconds = (ends.0 - now.0 + 999).div_euclid(1000);
    let minutes = (seconds + 59).div_euclid(60);
    Error::new(
        ErrorCode::RateLimitExceeded,
        format!(
            "Too many attempts. Try again in {minutes} {}.",
            if minutes == 1 { "minute" } else { "minutes" }
        ),
    )
    .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::databases;

    #[test]
    fn a_refused_attempt_is_told_the_end_of_the_window_and_does_not_move_it() {
        for mut base in databases() {
            let limit = Limit { subject: "test".into(), most: 1, window_seconds: 3600 };
            let mut attempt = |at: i64| count_or_refuse(&mut base.conn, &limit, Timestamp(at));
            attempt(0).unwrap();
            let refused = attempt(1_000).unwrap_err();
            assert_eq!(refused.retry_after, Some(3599));
            assert!(refused.message.contains("60 minutes"), "{}", refused.message);
            let refused = attempt(3_599_500).unwrap_err();
            assert_eq!(refused.retry_after, Some(1));
            assert!(refused.message.contains("1 minute."), "{}", refused.message);
            attempt(3_600_000).unwrap();
        }
    }
}
