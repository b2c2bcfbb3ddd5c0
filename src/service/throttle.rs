//! Slows down guessing: failed attempts are counted by what was tried and from where (ASVS 6.3.1).

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, ErrorCode, Result};
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

    /// Registrations from one address: generous, because clients register anew at every
    /// reconnection (checklist D15).
    pub fn registrations_from(address: IpAddr) -> Self {
        Self { subject: format!("register-from:{address}"), most: 60, window_seconds: 3600 }
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
        return Err(too_many(now.plus_seconds(limit.window_seconds), now));
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
    let seconds = (ends.0 - now.0).div_euclid(1000) + 1;
    let minutes = seconds.div_euclid(60) + 1;
    Error::new(
        ErrorCode::RateLimitExceeded,
        format!(
            "Too many attempts. Try again in {minutes} {}.",
            if minutes == 1 { "minute" } else { "minutes" }
        ),
    )
    .retry_after(seconds)
}
