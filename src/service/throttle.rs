//! Slows down guessing: failed attempts are counted by what was tried and from where (ASVS 6.3.1).

use std::net::{IpAddr, Ipv6Addr};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::secrets::sha256_base64url;
use crate::store::throttles;

/// A thing that may be tried only so often.
#[derive(Debug, Clone)]
pub struct Limit {
    subject: String,
    most: i64,
    window_seconds: i64,
    /// Whether it is for strangers alone: whoever has signed in from their address before is not
    /// kept out by what others try.
    is_for_strangers: bool,
}

impl Limit {
    /// `most` attempts at `subject` in so many seconds, whoever tries.
    fn new(subject: String, most: i64, window_seconds: i64) -> Self {
        Self { subject, most, window_seconds, is_for_strangers: false }
    }

    /// What stands in the way of trying passwords of one person from one address: 5 failures there,
    /// 100 from everywhere, 50 of the address with whatever person, each in 15 minutes. The person's
    /// own is narrow only where the failures come from, and the one for everywhere spares whoever has
    /// signed in from their address before, so that strangers cannot keep anybody out (ASVS 6.1.1).
    pub fn passwords(email: &str, from: Option<IpAddr>) -> Vec<Self> {
        let window_seconds = 900;
        let Some(from) = from.map(network) else {
            return vec![Self::new(format!("password:{email}"), 5, window_seconds)];
        };
        let everywhere = Self::new(format!("password:{email}"), 100, window_seconds);
        vec![
            Self::new(format!("password:{email} {from}"), 5, window_seconds),
            Self { is_for_strangers: true, ..everywhere },
            Self::new(format!("password-from:{from}"), 50, window_seconds),
        ]
    }

    /// Passwords that somebody who is signed in enters to confirm an act: 5 failures in 15 minutes.
    /// Their own, so that nobody who is not signed in can stop them from dropping the gate.
    pub fn confirmations_of(user: UserId) -> Self {
        Self::new(format!("confirm:{user}"), 5, 900)
    }

    /// Codes of a second factor from one address: 50 failures in 15 minutes.
    pub fn codes_from(address: IpAddr) -> Self {
        let from = network(address);
        Self::new(format!("password-from:{from}"), 50, 900)
    }

    /// Connection checks of one person: 10 in 10 minutes.
    pub fn connection_checks_of(user: UserId) -> Self {
        Self::new(format!("connection-check:{user}"), 10, 600)
    }

    /// Codes of one person's second factor: 5 failures in 15 minutes. Not counted with their
    /// passwords, because whoever guesses codes knows the password and could begin anew with it.
    pub fn codes_of(user: UserId) -> Self {
        Self::new(format!("code:{user}"), 5, 900)
    }

    /// New addresses that one person asks to confirm: 5 an hour, so that nobody's mailbox fills.
    pub fn addresses_of(user: UserId) -> Self {
        Self::new(format!("address-of:{user}"), 5, 3600)
    }

    /// Links to set a new password, asked for one address: 5 an hour, so that nobody's mailbox fills.
    pub fn resets_of(email: &str) -> Self {
        Self::new(format!("reset:{email}"), 5, 3600)
    }

    /// Links to set a new password, asked for from one address: 30 an hour.
    pub fn resets_from(address: IpAddr) -> Self {
        let from = network(address);
        Self::new(format!("reset-from:{from}"), 30, 3600)
    }

    /// Registrations from one address: generous, because clients register anew at every
    /// reconnection (checklist D15).
    pub fn registrations_from(address: IpAddr) -> Self {
        let from = network(address);
        Self::new(format!("register-from:{from}"), 60, 3600)
    }

    /// Metadata documents fetched for one person: 20 in 15 minutes.
    pub fn documents_for(user: UserId) -> Self {
        Self::new(format!("document-for:{user}"), 20, 900)
    }

    /// Metadata documents fetched from one host: 60 in 15 minutes.
    pub fn documents_from(host: &str) -> Self {
        Self::new(format!("document-from:{host}"), 60, 900)
    }

    /// Authorization requests begun from one address: 120 in a minute, many times what a person does.
    pub fn authorizations_from(address: IpAddr) -> Self {
        let from = network(address);
        Self::new(format!("authorize-from:{from}"), 120, 60)
    }

    /// Forms kept for one person whose session had ended: 20 in 10 minutes.
    pub fn forms_kept_of(user: UserId) -> Self {
        Self::new(format!("form-kept:{user}"), 20, 600)
    }

    /// What is written down of attempts that this limit refuses: one in its window.
    pub fn told(&self) -> Self {
        Self::new(format!("told:{}", self.subject), 1, self.window_seconds)
    }

    /// What is written down of a person's requests that their role does not allow: looking once a
    /// minute for each permission, acting ten times.
    pub fn refusals_of(user: UserId, permission: &str, only_looked: bool) -> Self {
        let (way, most) = if only_looked { ("look", 1) } else { ("act", 10) };
        Self::new(format!("refused-{way}:{user}:{permission}"), most, 60)
    }

    /// Codes and refresh tokens of one client from one address that are none: 100 in a minute. Others
    /// behind the same address are not slowed down by it (checklist F21).
    pub fn token_failures(client: &str, address: IpAddr) -> Self {
        Self::new(format!("token-from:{}", client_at(client, address)), 100, 60)
    }

    /// Clients that are not who they say, for one client and address: 100 in a minute.
    pub fn secret_failures(client: &str, address: IpAddr) -> Self {
        Self::new(format!("secret-from:{}", client_at(client, address)), 100, 60)
    }
}

/// A client at an address; some bits of a hash of it, so that invented clients do not fill the table.
fn client_at(client: &str, address: IpAddr) -> String {
    let client: String = sha256_base64url(client.as_bytes()).chars().take(2).collect();
    format!("{} {client}", network(address))
}

/// Whoever has one address of IPv6 has the 2^64 beside it as well.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
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

/// Counts an attempt at somebody's password and refuses it if there were too many. `is_known` says
/// whether they have signed in from this address before; it is asked only where that matters.
///
/// # Errors
/// `rate_limit_exceeded`, with the seconds to wait.
pub fn count_password(
    conn: &mut Conn,
    limit: &Limit,
    now: Timestamp,
    is_known: impl FnOnce(&mut Conn) -> Result<bool>,
) -> Result<()> {
    match count_or_refuse(conn, limit, now) {
        Err(refused) if limit.is_for_strangers && refused.code == ErrorCode::RateLimitExceeded => {
            if is_known(conn)? {
                Ok(())
            } else {
                Err(refused)
            }
        }
        counted => counted,
    }
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

/// Takes an attempt back that was counted before it succeeded.
///
/// # Errors
/// When the database cannot answer.
pub fn take_back(conn: &mut Conn, limit: &Limit, now: Timestamp) -> Result<()> {
    throttles::take_back(conn, &limit.subject, now)?;
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
            let limit = Limit::new("test".into(), 1, 3600);
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
