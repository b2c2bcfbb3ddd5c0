//! Mail to people: what it says, and the outbox it goes into. One template pair per mail.
//!
//! Mail is written in the transaction of what it tells, so that it goes out exactly when that
//! happened; `service::deliver` hands it over after the commit.

use askama::Template;

use crate::clock::Timestamp;
use crate::config::Config;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::store::outbox::{self, NewMail};

/// To whom.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// Full name.
    pub name: &'a str,
    /// Address.
    pub email: &'a str,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// A client got its first token of a connection.
    ClientConnected {
        /// The client's name.
        client: &'a str,
        /// Where it runs.
        host: &'a str,
        /// What was approved, in words.
        may: &'a str,
    },
    /// MCP access was disabled.
    AccessDisabled,
    /// A code or refresh token came a second time, and its connection was ended.
    ReuseAlarm {
        /// The client's name.
        client: &'a str,
    },
    /// The password was changed.
    PasswordChanged,
    /// Somebody may choose a password and come in.
    Invited {
        /// Who invites.
        by: &'a str,
        /// Where to.
        link: &'a str,
        /// Until when, in words.
        until: &'a str,
    },
    /// A link to set a new password.
    PasswordReset {
        /// Where to.
        link: &'a str,
        /// Until when, in words.
        until: &'a str,
    },
    /// The address to sign in with was changed.
    AddressChanged {
        /// The new one.
        email: &'a str,
    },
    /// Signing in needs a code from now on.
    TwoFactorOn,
    /// Signing in needs no code any more.
    TwoFactorOff {
        /// Who turned it off: "you" or "an administrator".
        by: &'a str,
    },
    /// The link that confirms a new address, sent to it.
    ConfirmAddress {
        /// Where to.
        link: &'a str,
        /// Until when, in words.
        until: &'a str,
    },
}

/// The two parts of one mail; both know the person's name, the moment and our address.
macro_rules! mail {
    ($name:ident, $text:literal, $html:literal { $($field:ident),* }) => {
        mod $name {
            use askama::Template;

            #[derive(Template)]
            #[template(path = $text)]
            pub(super) struct Text<'a> {
                pub(super) name: &'a str,
                pub(super) at: &'a str,
                pub(super) url: &'a str,
                $(pub(super) $field: &'a str),*
            }

            #[derive(Template)]
            #[template(path = $html)]
            pub(super) struct Html<'a> {
                pub(super) name: &'a str,
                pub(super) at: &'a str,
                pub(super) url: &'a str,
                $(pub(super) $field: &'a str),*
            }
        }
    };
}

mail!(client_connected, "mail/client_connected.txt", "mail/client_connected.html" { client, host, may });
mail!(access_disabled, "mail/access_disabled.txt", "mail/access_disabled.html" {});
mail!(reuse_alarm, "mail/reuse_alarm.txt", "mail/reuse_alarm.html" { client });
mail!(password_changed, "mail/password_changed.txt", "mail/password_changed.html" {});
mail!(invited, "mail/invited.txt", "mail/invited.html" { by, link, until });
mail!(password_reset, "mail/password_reset.txt", "mail/password_reset.html" { link, until });
mail!(address_changed, "mail/address_changed.txt", "mail/address_changed.html" { email });
mail!(two_factor_on, "mail/two_factor_on.txt", "mail/two_factor_on.html" {});
mail!(two_factor_off, "mail/two_factor_off.txt", "mail/two_factor_off.html" { by });
mail!(confirm_address, "mail/confirm_address.txt", "mail/confirm_address.html" { link, until });

/// A moment as mail says it.
pub(crate) fn in_words(at: Timestamp) -> String {
    at.to_utc().format("%-d %b %Y, %H:%M UTC").to_string()
}

/// Puts mail about `news` into the outbox, inside the caller's transaction.
///
/// # Errors
/// When the database refuses.
pub(crate) fn tell(
    conn: &mut Conn,
    config: &Config,
    to: Recipient<'_>,
    news: News<'_>,
    now: Timestamp,
) -> Result<()> {
    write(conn, config, to, news, now).map(|_| ())
}

/// [`tell`], for whoever may have to take the mail out again. Returns its number.
///
/// # Errors
/// When the database refuses.
pub(crate) fn write(
    conn: &mut Conn,
    config: &Config,
    to: Recipient<'_>,
    news: News<'_>,
    now: Timestamp,
) -> Result<i64> {
    let at = in_words(now);
    let (name, at, url) = (to.name, at.as_str(), config.public_url.as_str());
    let (subject, text, html) = match news {
        News::ClientConnected { client, host, may } => (
            format!("{client} can now act for you"),
            client_connected::Text { name, at, url, client, host, may }.render(),
            client_connected::Html { name, at, url, client, host, may }.render(),
        ),
        News::AccessDisabled => (
            "Your MCP access was disabled".to_owned(),
            access_disabled::Text { name, at, url }.render(),
            access_disabled::Html { name, at, url }.render(),
        ),
        News::ReuseAlarm { client } => (
            format!("We ended a connection of {client}"),
            reuse_alarm::Text { name, at, url, client }.render(),
            reuse_alarm::Html { name, at, url, client }.render(),
        ),
        News::PasswordChanged => (
            "Your password was changed".to_owned(),
            password_changed::Text { name, at, url }.render(),
            password_changed::Html { name, at, url }.render(),
        ),
        News::Invited { by, link, until } => (
            "You are invited to Portcullis".to_owned(),
            invited::Text { name, at, url, by, link, until }.render(),
            invited::Html { name, at, url, by, link, until }.render(),
        ),
        News::PasswordReset { link, until } => (
            "Set a new password".to_owned(),
            password_reset::Text { name, at, url, link, until }.render(),
            password_reset::Html { name, at, url, link, until }.render(),
        ),
        News::AddressChanged { email } => (
            "Your sign-in address was changed".to_owned(),
            address_changed::Text { name, at, url, email }.render(),
            address_changed::Html { name, at, url, email }.render(),
        ),
        News::TwoFactorOn => (
            "Two-factor sign-in was turned on".to_owned(),
            two_factor_on::Text { name, at, url }.render(),
            two_factor_on::Html { name, at, url }.render(),
        ),
        News::TwoFactorOff { by } => (
            "Two-factor sign-in was turned off".to_owned(),
            two_factor_off::Text { name, at, url, by }.render(),
            two_factor_off::Html { name, at, url, by }.render(),
        ),
        News::ConfirmAddress { link, until } => (
            "Confirm your new address".to_owned(),
            confirm_address::Text { name, at, url, link, until }.render(),
            confirm_address::Html { name, at, url, link, until }.render(),
        ),
    };
    let mail = NewMail {
        recipient: to.email.to_owned(),
        // A subject is one line, whatever a client calls itself.
        subject: subject.replace(|c: char| c.is_control(), " "),
        text: text.map_err(Error::internal)?,
        html: html.map_err(Error::internal)?,
    };
    Ok(outbox::insert(conn, &mail, now)?)
}
