//! Hands waiting mail over: to the SMTP server, or to files in `outbox/` of the data folder.

use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncTransport, Message};

use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::store::outbox::{self, WaitingMail};

/// Mails of one round.
const AT_ONCE: i64 = 20;
/// A mail is given up after so many attempts: with the pauses below, after about a day.
pub const MOST_ATTEMPTS: i64 = 12;
/// The pause after the first failed attempt, seconds; it doubles each time, up to the longest.
const FIRST_PAUSE_SECONDS: i64 = 60;
const LONGEST_PAUSE_SECONDS: i64 = 4 * 3600;

/// Hands over what is due. Returns how many were handed over.
///
/// # Errors
/// When the database cannot answer; a mail that cannot be handed over waits for its next time.
pub async fn round(ctx: &Ctx) -> Result<usize> {
    let now = ctx.clock.now();
    let waiting =
        ctx.db.read(move |conn| Ok(outbox::due(conn, now, MOST_ATTEMPTS, AT_ONCE)?)).await?;
    let mut sent = 0;
    for mail in waiting {
        let id = mail.id;
        let next_try = now.plus_seconds(pause_after(mail.attempts));
        if ctx.db.write(move |conn| Ok(outbox::claim(conn, id, now, next_try)?)).await? == 0 {
            continue;
        }
        match hand_over(ctx, mail).await {
            Ok(()) => {
                sent += 1;
                ctx.db.write(move |conn| Ok(outbox::sent(conn, id, now)?)).await?;
            }
            Err(reason) => {
                log::warn!("mail {id} was not handed over: {reason}");
                ctx.db.write(move |conn| Ok(outbox::failed(conn, id, &reason)?)).await?;
            }
        }
    }
    Ok(sent)
}

fn pause_after(attempts: i64) -> i64 {
    let doubled = FIRST_PAUSE_SECONDS.checked_shl(u32::try_from(attempts).unwrap_or(u32::MAX));
    doubled.unwrap_or(LONGEST_PAUSE_SECONDS).clamp(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
}

async fn hand_over(ctx: &Ctx, mail: WaitingMail) -> Result<(), String> {
    let to: Mailbox = mail.recipient.parse().map_err(|_| "the address is not one".to_owned())?;
    let message = Message::builder()
        .from(ctx.config.mail_from.clone())
        .to(to)
        .subject(mail.subject)
        .message_id(Some(format!("<{}@{}>", uuid::Uuid::now_v7(), host_of(&ctx.config.public_url))))
        .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
        .map_err(|error| error.to_string())?;
    match &ctx.config.smtp {
        Some(smtp) => smtp.send(message).await.map(|_| ()).map_err(|error| error.to_string()),
        None => {
            write_file(ctx, mail.id, message.formatted()).await.map_err(|error| error.to_string())
        }
    }
}

/// The host of our address, for the ids of mails: one that no host made looks like spam.
fn host_of(address: &str) -> String {
    let url = url::Url::parse(address).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "portcullis".into())
}

/// One `.eml` file a mail, under a name that sorts by number.
async fn write_file(ctx: &Ctx, id: i64, bytes: Vec<u8>) -> Result<()> {
    let folder = ctx.config.data_folder.join("outbox");
    tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{id:08}.eml")), bytes)
    })
    .await
    .map_err(Error::internal)?
    .map_err(|error| Error::field("DATA_FOLDER", format!("outbox/ cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        assert_eq!(pause_after(0), 60);
        assert_eq!(pause_after(1), 120);
        assert_eq!(pause_after(11), LONGEST_PAUSE_SECONDS);
        assert_eq!(pause_after(i64::MAX), LONGEST_PAUSE_SECONDS);
    }
}
