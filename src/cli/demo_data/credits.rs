//! Credits of the sample: what plans gave, what administrators granted and withdrew, and what was
//! spent on contacts, booked by the rules that hold for everybody.

use diesel::prelude::*;
use serde_json::json;

use super::audit::{Event, actor, event};
use super::connections::Token;
use super::people::{ACCOUNTS, Kind, Person};
use super::random::Random;
use super::{DAY, MINUTE};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{contacts, reveals};
use crate::domain::audit::{Action, Target};
use crate::domain::quota::Span;
use crate::error::{Error, Result};
use crate::ids::{AccountId, ClientRowId, TokenId, UserId};
use crate::service::credits::{Author, Book};
use crate::store::accounts;
use crate::store::reveals::NewReveal;

/// An account: its place in the list, reveals of the last weeks, reveals of this month, and what an
/// administrator granted (or withdrew, below zero) at its beginning, with the reason.
type Plan = (usize, i64, i64, Option<(i64, &'static str)>);

/// The accounts with credits. The third is to have used over 80 % of what it has.
const PLANNED: [Plan; 3] = [
    (0, 14, 12, Some((250, "Trade fair in the autumn"))),
    (1, 9, 10, None),
    (2, 5, 41, Some((-400, "Moved to the agency’s own account"))),
];
/// Contacts of one reveal, at most.
const MOST: i64 = 3;

/// A reveal that was answered.
pub(super) struct Spent {
    pub at: i64,
    /// Place of its token in the list of tokens.
    pub token: usize,
    pub credits: i64,
    pub request_id: String,
}

/// What is done to an account's credits.
enum Act {
    Reveal { token: usize, contacts: usize },
    Adjust(i64, &'static str),
}

/// Writes balances, ledger and reveals. Gives the reveals for the log of calls, and the entries of
/// the audit log.
pub(super) fn load(
    conn: &mut Conn,
    random: &mut Random,
    now: Timestamp,
    people: &[Person],
    tokens: &[Token],
) -> Result<(Vec<Spent>, Vec<Event>)> {
    let safe: Vec<i64> = contacts::table
        .filter(contacts::email_status.eq("valid"))
        .filter(contacts::email.is_not_null())
        .order(contacts::id)
        .select(contacts::id)
        .load(conn)?;
    let Some(admin) = people.first() else { return Err(Error::internal("nobody is there")) };
    let (mut spent, mut events) = (Vec::new(), Vec::new());
    for (place, early, late, adjusted) in PLANNED {
        let Some(account) = people.iter().find(|person| is_of(person, place)) else { continue };
        let account = AccountId(account.account);
        let plan = accounts::plan_of(conn, account)?;
        let mut unused = safe.iter().copied().skip(place * 31);
        let mut acts = planned(random, now, people, tokens, account, early, late);
        let begin = Span::Month.start(now).0 + MINUTE;
        if let Some((amount, reason)) = adjusted.filter(|_| begin < now.0) {
            acts.push((begin, Act::Adjust(amount, reason)));
        }
        acts.sort_by_key(|(at, _)| *at);
        for (at, act) in acts {
            let request_id = format!("demo-reveal-{:04}", spent.len());
            let mut book =
                Book::open(conn, account, &plan, Timestamp(at), Some(request_id.as_str()))?;
            match act {
                Act::Adjust(amount, reason) => {
                    let author = Author {
                        user: Some(UserId(admin.id)),
                        name: &admin.email,
                        reason: Some(reason),
                    };
                    if book.adjust(conn, amount, author)? {
                        let target = Target {
                            kind: "account",
                            id: Some(account.0),
                            label: ACCOUNTS.get(place).map_or("", |row| row.0).to_owned(),
                        };
                        let adjusted =
                            event(at, actor(random, admin), Action::CreditsAdjusted, Some(target));
                        let detail =
                            json!({ "amount": amount, "reason": reason, "balance": book.left() });
                        events.push(Event { detail, ..adjusted });
                    }
                }
                Act::Reveal { token, contacts } => {
                    let Some(one) = tokens.get(token) else { continue };
                    let Some(person) = people.get(one.person) else { continue };
                    let bought: Vec<i64> = unused.by_ref().take(contacts).collect();
                    let credits = i64::try_from(bought.len()).unwrap_or_default();
                    let author =
                        Author { user: Some(UserId(person.id)), name: &person.email, reason: None };
                    if credits == 0 || !book.spend(conn, credits, author)? {
                        continue;
                    }
                    for contact_id in bought {
                        let reveal = NewReveal {
                            account_id: account,
                            contact_id,
                            at: Timestamp(at),
                            user_id: UserId(person.id),
                            client_id: one.client.map(ClientRowId),
                            token_id: Some(TokenId(one.id)),
                            credits: 1,
                        };
                        diesel::insert_into(reveals::table).values(&reveal).execute(conn)?;
                    }
                    spent.push(Spent { at, token, credits, request_id });
                }
            }
        }
    }
    Ok((spent, events))
}

/// Whether the person's account is that of the list.
fn is_of(person: &Person, place: usize) -> bool {
    let domain = ACCOUNTS.get(place).map_or("", |row| row.1);
    person.email.rsplit_once('@').is_some_and(|(_, of)| of == domain)
}

/// When whose token reveals how many contacts.
fn planned(
    random: &mut Random,
    now: Timestamp,
    people: &[Person],
    tokens: &[Token],
    account: AccountId,
    early: i64,
    late: i64,
) -> Vec<(i64, Act)> {
    let month = Span::Month.start(now).0 + 2 * MINUTE;
    let working: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.client.is_some() && token.ended.is_none())
        .filter(|(_, token)| {
            let owner = people.get(token.person);
            owner.is_some_and(|owner| owner.account == account.0 && owner.kind == Kind::Busy)
        })
        .map(|(place, _)| place)
        .collect();
    let spans = [(now.0 - 29 * DAY, month, early), (month, now.0 - 3 * MINUTE, late)];
    let mut acts = Vec::new();
    for (from, until, count) in spans {
        for _ in 0..count {
            let token = random.pick(&working);
            let Some(begin) = tokens.get(token).map(|token| token.created_at.max(from)) else {
                continue;
            };
            let contacts = usize::try_from(random.between(MOST - 1, MOST)).unwrap_or(1);
            if begin < until {
                acts.push((random.between(begin, until - 1), Act::Reveal { token, contacts }));
            }
        }
    }
    acts
}
