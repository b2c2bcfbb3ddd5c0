//! Revealing contacts: one transaction decides what is new, spends exactly that, and writes it
//! down; all of it or nothing. Nothing is told before it is committed.

pub mod history;
mod quote;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::contact::{self, Contact, ContactPreview, safe_channels};
use crate::domain::credit::{
    MOST_CONTACTS, RevealOutcome, RevealedContact, fold, is_idempotency_key,
};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{AccountId, ClientRowId, UserId};
use crate::secrets::sha256_base64url;
use crate::service::Ctx;
use crate::service::credits::{self, Author, Book};
use crate::service::meter::{self, Cost};
use crate::service::verify::{Credential, Principal};
use crate::store::accounts::{self, Plan};
use crate::store::activity::{self, NewActivity};
use crate::store::idempotency::{self, Kept};
use crate::store::reveals::{self, NewReveal};
use crate::store::{api_keys, contacts, tokens, usage, users};

pub use quote::{Quote, quote};

/// An answer is given again to its key so long, seconds (contract §8).
const KEY_KEPT_SECONDS: i64 = 86_400;
/// A reveal counts as one request, whatever it reveals.
const COST: Cost = Cost { requests: 1, rows: 0 };

/// What is said where no text is an id.
const NO_ID: &str = "takes contact_id as search_contacts and enrich_domains give it, like ct_0123456789abcdef01234567. Nothing was spent.";

/// Who pays, and by whose hand. The plan is read with the lock held, so that a change acts at once.
#[derive(Debug, Clone, Copy)]
pub struct Payer {
    /// The account.
    pub account: AccountId,
    /// The user.
    pub user: UserId,
    /// The client, if it is one.
    pub client: Option<ClientRowId>,
    /// The token or key, if it is one.
    pub credential: Option<Credential>,
}

impl From<&Principal> for Payer {
    fn from(principal: &Principal) -> Self {
        Self {
            account: principal.account,
            user: principal.user,
            client: principal.client,
            credential: Some(principal.credential),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Public ids of contacts, 1 to 10; the same one twice is one.
    pub ids: Vec<String>,
    /// Whether spending is confirmed.
    pub confirm: bool,
    /// The same key and ids get the first answer again, at no charge.
    pub idempotency_key: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Each id once, in the order asked.
    pub contacts: Vec<RevealedContact>,
    /// Credits spent.
    pub credits_spent: i64,
    /// Credits left after it.
    pub credits_remaining: i64,
    /// Whether this is the answer of an earlier request of the same key, which is free.
    pub replayed: bool,
}

/// Reveals contacts, or refuses; either is written down as `call`, which comes as that of an answer
/// and must not be written down again. The caller asks neither `meter::precheck` nor
/// `meter::settle`.
///
/// # Errors
/// Outside, only when the database cannot answer: nothing has happened then, and nothing is written
/// down. Inside, the refusal: `invalid_request`, `invalid_contact_id`, `api_access_disabled`, `rate_limit_exceeded`,
/// `daily_limit_exceeded`, `confirmation_required`, `insufficient_credits`,
/// `idempotency_conflict`; nothing is spent and nothing revealed.
pub async fn reveal(
    ctx: &Ctx,
    payer: Payer,
    request: Request,
    call: NewActivity,
) -> Result<Result<Answer, Error>> {
    reveal_unless(ctx, payer, request, call, || false).await
}

/// The same for a caller who may go away while the call waits for its turn: nothing is spent for
/// one who is gone by then. What has begun is finished, because that is the whole of it.
///
/// # Errors
/// As [`reveal`], and `cancelled` for who is gone.
pub async fn reveal_unless(
    ctx: &Ctx,
    payer: Payer,
    request: Request,
    call: NewActivity,
    is_gone: impl Fn() -> bool + Send + 'static,
) -> Result<Result<Answer, Error>> {
    let now = ctx.clock.now();
    let decided = ctx
        .db
        .write(move |conn| {
            let mut call = call.clone();
            let decided = match Asked::read(request.clone()) {
                Ok(_) if is_gone() => Err(Error::new(ErrorCode::Cancelled, "The caller hung up.")),
                Ok(asked) => Attempt { payer, asked, now, call: &call }.decide(conn)?,
                Err(error) => Err(error),
            };
            match &decided {
                Ok(decided) if decided.replayed => call.credits_spent = 0,
                Ok(decided) => call.credits_spent = decided.kept.spent,
                Err(error) => meter::turn_down(&mut call, error),
            }
            activity::insert(conn, &call)?;
            touch(conn, payer, now)?;
            Ok(decided)
        })
        .await?;
    Ok(decided.map(Decided::answer))
}

/// Notes when the user's AI clients, and the credential, were last used.
fn touch(conn: &mut Conn, payer: Payer, now: Timestamp) -> Result<()> {
    match payer.credential {
        Some(Credential::Key(key)) => {
            api_keys::touch(conn, key, now)?;
        }
        Some(Credential::Token(token)) => {
            users::touch(conn, payer.user, now)?;
            tokens::touch(conn, token, now)?;
        }
        Some(Credential::Session) => {}
        None => {
            users::touch(conn, payer.user, now)?;
        }
    }
    Ok(())
}

/// Keys of answers given at that moment or before are forgotten.
pub fn oldest_key(now: Timestamp) -> Timestamp {
    now.plus_seconds(-KEY_KEPT_SECONDS)
}

/// A request that makes sense.
struct Asked {
    ids: Vec<String>,
    confirm: bool,
    key: Option<String>,
    digest: String,
}

impl Asked {
    fn read(request: Request) -> Result<Self> {
        if !(1..=MOST_CONTACTS).contains(&request.ids.len()) {
            return Err(Error::field("contact_ids", "takes 1 to 10 ids of contacts"));
        }
        if request.idempotency_key.as_deref().is_some_and(|key| !is_idempotency_key(key)) {
            return Err(Error::field(
                "idempotency_key",
                "takes 1 to 255 letters, digits and signs of ASCII, without spaces",
            ));
        }
        let ids = fold(request.ids);
        // One of several is told beside the others; where there is nothing else, nothing is asked.
        if !ids.iter().any(|id| contact::is_contact_id(id)) {
            return Err(Error {
                param: Some("contact_ids".into()),
                ..Error::new(ErrorCode::InvalidContactId, NO_ID)
            });
        }
        let body = serde_json::to_string(&ids).map_err(Error::internal)?;
        let digest = sha256_base64url(body.as_bytes());
        Ok(Self { ids, confirm: request.confirm, key: request.idempotency_key, digest })
    }
}

/// What is kept of an answer for its key. The ids are those of the request, which must be the same.
#[derive(Debug, Serialize, Deserialize)]
struct KeptAnswer {
    outcomes: Vec<RevealOutcome>,
    spent: i64,
    remaining: i64,
}

/// What was decided, before it is told.
struct Decided {
    ids: Vec<String>,
    found: Vec<(i64, Contact)>,
    kept: KeptAnswer,
    replayed: bool,
}

impl Decided {
    fn answer(self) -> Answer {
        let Self { ids, found, kept, replayed } = self;
        let contacts = ids.into_iter().zip(kept.outcomes).map(|(contact_id, outcome)| {
            let shown = by_id(&found, &contact_id)
                .filter(|_| outcome.shows_channels())
                .map(|(_, contact)| contact);
            RevealedContact {
                channels: shown.map(safe_channels).unwrap_or_default(),
                contact: shown.cloned().map(ContactPreview::paid),
                outcome,
                credits: outcome.credits(),
                contact_id,
            }
        });
        Answer {
            contacts: contacts.collect(),
            credits_spent: kept.spent,
            credits_remaining: kept.remaining,
            replayed,
        }
    }
}

fn by_id<'a>(found: &'a [(i64, Contact)], id: &str) -> Option<&'a (i64, Contact)> {
    found.iter().find(|(_, contact)| contact.public_id == id)
}

/// The contacts of those ids that can be ids.
fn find(conn: &mut Conn, ids: &[String]) -> Result<Vec<(i64, Contact)>> {
    let ids: Vec<String> = ids.iter().filter(|id| contact::is_contact_id(id)).cloned().collect();
    Ok(contacts::by_public_ids(conn, &ids)?)
}

/// How each id comes out, in the order asked.
fn judge(
    conn: &mut Conn,
    account: AccountId,
    ids: &[String],
    found: &[(i64, Contact)],
) -> Result<Vec<RevealOutcome>> {
    let rows: Vec<i64> = found.iter().map(|(row, _)| *row).collect();
    let before = reveals::among(conn, account, &rows)?;
    let judge = |id: &String| match by_id(found, id) {
        None if !contact::is_contact_id(id) => RevealOutcome::InvalidContactId,
        None => RevealOutcome::NotFound,
        Some((_, contact)) if safe_channels(contact).is_empty() => RevealOutcome::NoSafeChannel,
        Some((row, _)) if before.contains(row) => RevealOutcome::AlreadyRevealed,
        Some(_) => RevealOutcome::Revealed,
    };
    Ok(ids.iter().map(judge).collect())
}

/// One request within its transaction.
struct Attempt<'a> {
    payer: Payer,
    asked: Asked,
    now: Timestamp,
    call: &'a NewActivity,
}

impl Attempt<'_> {
    /// Decides, and spends if it comes to that. A refusal has written nothing but, maybe, the
    /// month's opening.
    fn decide(self, conn: &mut Conn) -> Result<Result<Decided, Error>> {
        let account = self.payer.account;
        lock::account(conn, account)?;
        let plan = accounts::plan_of(conn, account)?;
        if let Err(refused) = meter::access(&plan) {
            return Ok(Err(refused));
        }
        let found = find(conn, &self.asked.ids)?;
        if let Some(answer) = self.earlier(conn)? {
            return Ok(answer.map(|kept| self.decided(found, kept, true)));
        }
        let used = usage::used(conn, account, self.now)?;
        if let Err(refused) = meter::check(&plan, used, COST, self.now) {
            return Ok(Err(refused));
        }
        let outcomes = judge(conn, account, &self.asked.ids, &found)?;
        let price: i64 = outcomes.iter().map(|outcome| outcome.credits()).sum();
        if !self.asked.confirm {
            let left = credits::state(conn, account, &plan, self.now)?.remaining;
            return Ok(Err(unconfirmed(price, left)));
        }
        let remaining = match self.spend(conn, &plan, price)? {
            Ok(remaining) => remaining,
            Err(refused) => return Ok(Err(refused)),
        };
        self.mark(conn, &found, &outcomes)?;
        let kept = KeptAnswer { outcomes, spent: price, remaining };
        self.keep(conn, &kept)?;
        Ok(Ok(self.decided(found, kept, false)))
    }

    fn decided(self, found: Vec<(i64, Contact)>, kept: KeptAnswer, replayed: bool) -> Decided {
        Decided { ids: self.asked.ids, found, kept, replayed }
    }

    /// The answer to the key, if there was one; a conflict, if it was to another request. Nobody
    /// without the confirmation gets it.
    fn earlier(&self, conn: &mut Conn) -> Result<Option<Result<KeptAnswer, Error>>> {
        let Some(key) = self.asked.key.as_deref().filter(|_| self.asked.confirm) else {
            return Ok(None);
        };
        let Some(kept) = idempotency::find(conn, self.payer.account, key)? else {
            return Ok(None);
        };
        if kept.at <= oldest_key(self.now) {
            idempotency::forget(conn, self.payer.account, key)?;
            return Ok(None);
        }
        if kept.body_digest != self.asked.digest {
            return Ok(Some(Err(Error {
                param: Some("idempotency_key".into()),
                ..Error::new(
                    ErrorCode::IdempotencyConflict,
                    "This key came with other contacts before. Use a new key for a new request. Nothing was spent.",
                )
            })));
        }
        Ok(Some(Ok(serde_json::from_str(&kept.outcome).map_err(Error::internal)?)))
    }

    /// Counts the request and spends the price, both or neither. What is left, or the refusal.
    fn spend(&self, conn: &mut Conn, plan: &Plan, price: i64) -> Result<Result<i64, Error>> {
        let account = self.payer.account;
        let request_id = Some(self.call.request_id.as_str());
        let mut book = Book::open(conn, account, plan, self.now, request_id)?;
        if price > book.left() {
            return Ok(Err(too_few(price, book.left())));
        }
        if let Some(refused) = meter::count(conn, account, plan, COST, price, self.now)? {
            return Ok(Err(refused));
        }
        if price > 0 {
            let user = users::by_id(conn, self.payer.user)?;
            let author = Author {
                user: Some(self.payer.user),
                name: user.as_ref().map_or("", |user| &user.email),
                reason: None,
            };
            if !book.spend(conn, price, author)? {
                return Err(Error::internal("a balance changed under its lock"));
            }
        }
        Ok(Ok(book.left()))
    }

    /// Marks what is paid for.
    fn mark(
        &self,
        conn: &mut Conn,
        found: &[(i64, Contact)],
        outcomes: &[RevealOutcome],
    ) -> Result<()> {
        for (id, outcome) in self.asked.ids.iter().zip(outcomes) {
            if let (RevealOutcome::Revealed, Some((row, _))) = (outcome, by_id(found, id)) {
                let reveal = NewReveal {
                    account_id: self.payer.account,
                    contact_id: *row,
                    at: self.now,
                    user_id: self.payer.user,
                    client_id: self.payer.client,
                    token_id: self.payer.credential.and_then(Credential::token),
                    credits: outcome.credits(),
                };
                reveals::insert(conn, &reveal)?;
            }
        }
        Ok(())
    }

    fn keep(&self, conn: &mut Conn, answer: &KeptAnswer) -> Result<()> {
        if let Some(key) = &self.asked.key {
            let kept = Kept {
                account_id: self.payer.account,
                key: key.clone(),
                body_digest: self.asked.digest.clone(),
                outcome: serde_json::to_string(answer).map_err(Error::internal)?,
                at: self.now,
            };
            idempotency::insert(conn, &kept)?;
        }
        Ok(())
    }
}

fn credits_in_words(amount: i64) -> String {
    if amount == 1 { "1 credit".into() } else { format!("{amount} credits") }
}

fn unconfirmed(price: i64, left: i64) -> Error {
    Error {
        param: Some("confirm_spend_credits".into()),
        ..Error::new(
            ErrorCode::ConfirmationRequired,
            format!(
                "This would cost {} of the {left} left this month. Nothing was spent. Ask the user, then call again with confirm_spend_credits: true.",
                credits_in_words(price)
            ),
        )
    }
}

fn too_few(price: i64, left: i64) -> Error {
    Error::new(
        ErrorCode::InsufficientCredits,
        format!(
            "This would cost {} and {left} are left this month. Nothing was spent and nothing was revealed. Ask for fewer contacts, or ask an administrator for credits.",
            credits_in_words(price)
        ),
    )
}
