//! One act on many people at once: revoke their tokens, or turn their access on or off. Whom it
//! touches is a filter that is asked anew inside the transaction; if it is not the number that was
//! confirmed, nothing is done.

use std::collections::BTreeMap;

use serde_json::json;

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::login::Reconfirmed;
use crate::store::audit::{self, NewEntry};
use crate::store::grid::{self, GridFilter};
use crate::store::mass::{self as store, Holding};

/// People of one statement.
const AT_ONCE: usize = 500;
/// Names in a preview.
const SAMPLE: i64 = 5;
/// The same of a list that is read whole.
const NAMES: usize = 5;

/// What is done.
#[derive(Debug)]
pub enum Act {
    /// Every token and approval ends.
    Revoke,
    /// Access is turned on.
    Enable(Reconfirmed),
    /// Access is turned off, and every token and approval ends.
    Disable(Reconfirmed),
}

/// Whom a filter shows at some time, so that it can be told whether they are still the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many.
    pub people: i64,
    /// A hash of their ids, whatever the order.
    pub ids: i64,
}

impl Fingerprint {
    /// That of these people.
    pub(super) fn of(ids: &[UserId]) -> Self {
        let people = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        Self { people, ids: ids.iter().fold(0, |sum, id| sum.wrapping_add(mixed(id.0))) }
    }
}

/// A number that says nothing of its neighbours (the finaliser of MurmurHash3), so that no sum of
/// others is the same.
fn mixed(id: i64) -> i64 {
    let mut mixed = id.cast_unsigned();
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(factor);
    }
    (mixed ^ (mixed >> 33)).cast_signed()
}

/// Some of the people of an act: how many, and the names of a few.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// How many.
    pub people: i64,
    /// The first of them by id.
    pub names: Vec<String>,
}

/// What an act would touch.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// Whom.
    pub whom: Fingerprint,
    /// Of them with access.
    pub enabled: i64,
    /// Their tokens that work.
    pub tokens: i64,
    /// Their tokens that have not ended and do not work, because their client is blocked.
    pub blocked: i64,
    /// Names and addresses of a few.
    pub sample: Vec<(String, String)>,
    /// The acting person was left out.
    pub without_own: bool,
    /// Who has tokens that have not ended.
    pub with_tokens: Part,
    /// Who has approvals that stand, and no such token.
    pub with_approvals: Part,
    /// Who has neither.
    pub with_nothing: Part,
    /// Who was unticked after everybody had been chosen.
    pub unticked: Part,
}

/// Nobody locks themselves out by a list: whoever disables or revokes is left out, if the filter shows
/// them.
fn spare(
    conn: &mut Conn,
    own: Option<UserId>,
    filter: &mut GridFilter,
    now: Timestamp,
) -> Result<bool> {
    let Some(own) = own else { return Ok(false) };
    let is_shown = grid::ids_after(conn, filter, UserId(own.0 - 1), 1, now)?.first() == Some(&own);
    if is_shown {
        filter.except.push(own);
    }
    Ok(is_shown)
}

/// Says what an act on these people would touch now.
///
/// # Errors
/// When the database cannot answer.
pub async fn preview(
    ctx: &Ctx,
    actor: &Actor,
    takes_away: bool,
    mut filter: GridFilter,
) -> Result<Preview> {
    let (now, own) = (ctx.clock.now(), actor.user.filter(|_| takes_away));
    ctx.db
        .read(move |conn| {
            let unticked = store::names(conn, &filter.except)?;
            let without_own = spare(conn, own, &mut filter, now)?;
            let blocked = store::count_blocked(conn, &filter, now)?;
            Ok(Preview {
                whom: Fingerprint::of(&store::chosen(conn, &filter, now)?),
                enabled: store::count_enabled(conn, &filter, now)?,
                tokens: store::count_live(conn, &filter, now)? - blocked,
                blocked,
                sample: store::sample(conn, &filter, SAMPLE, now)?,
                without_own,
                with_tokens: part(conn, &filter, Holding::Tokens, now)?,
                with_approvals: part(conn, &filter, Holding::ApprovalsOnly, now)?,
                with_nothing: part(conn, &filter, Holding::Nothing, now)?,
                unticked: Part {
                    people: i64::try_from(unticked.len()).unwrap_or(i64::MAX),
                    names: unticked.into_iter().take(NAMES).collect(),
                },
            })
        })
        .await
}

fn part(conn: &mut Conn, filter: &GridFilter, what: Holding, now: Timestamp) -> Result<Part> {
    let (people, names) = store::holding(conn, filter, what, SAMPLE, now)?;
    Ok(Part { people, names })
}

/// What an act did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// People for whom something changed.
    pub people: usize,
    /// Those of them who had tokens that worked.
    pub with_tokens: usize,
    /// Tokens that worked until now.
    pub tokens: usize,
    /// People for whom it was so already.
    pub already: usize,
    /// The acting person was left out.
    pub without_own: bool,
    /// The last active administrator with access was left out.
    pub without_last: Option<String>,
}

/// How an act came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It was done.
    Done(Report),
    /// They are others than those who were confirmed, so many now; nothing was done.
    Differs(i64),
}

/// Runs an act on everybody whom `filter` shows, if they are those who were confirmed. `words`
/// says for the log whom that means.
///
/// # Errors
/// When the database cannot answer.
pub async fn run(
    ctx: &Ctx,
    actor: &Actor,
    act: Act,
    filter: GridFilter,
    confirmed: Fingerprint,
    words: String,
) -> Result<Ran> {
    if let Act::Enable(proof) | Act::Disable(proof) = &act
        && Some(proof.user) != actor.user
    {
        return Err(Error::internal("a password proof of somebody else"));
    }
    let (actor, now) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let (mut report, mut filter) = (Report::default(), filter.clone());
            let disables = matches!(act, Act::Disable(_));
            let own = actor.user.filter(|_| !matches!(act, Act::Enable(_)));
            report.without_own = spare(conn, own, &mut filter, now)?;
            let mut chosen = match locked(conn, &act, &filter, now)? {
                Some(chosen) if Fingerprint::of(&chosen) == confirmed => chosen,
                _ => return Ok(Ran::Differs(grid::count(conn, &filter, now)?)),
            };
            if disables {
                spare_last(conn, &mut chosen, &mut report)?;
            }
            for ids in chosen.chunks(AT_ONCE) {
                run_on(conn, &actor, &act, ids, now, &mut report)?;
            }
            summarise(conn, &actor, &act, &report, words.clone(), now)?;
            Ok(Ran::Done(report))
        })
        .await
}

/// Whom the filter shows, with their rows locked; nobody if others came to be shown while this
/// waited. The administrators' rows are locked too, so that two acts cannot each spare the other's
/// last one.
fn locked(
    conn: &mut Conn,
    act: &Act,
    filter: &GridFilter,
    now: Timestamp,
) -> Result<Option<Vec<UserId>>> {
    let before = store::chosen(conn, filter, now)?;
    let mut to_lock = before.clone();
    if matches!(act, Act::Disable(_)) {
        to_lock.extend(store::administrators(conn)?.into_iter().map(|(id, _)| id));
    }
    lock::users(conn, &to_lock)?;
    let after = store::chosen(conn, filter, now)?;
    Ok((before == after).then_some(after))
}

/// Somebody who runs the place keeps access.
fn spare_last(conn: &mut Conn, chosen: &mut Vec<UserId>, report: &mut Report) -> Result<()> {
    let administrators = store::administrators(conn)?;
    let is_chosen = |id: &UserId| chosen.binary_search(id).is_ok();
    if let Some((last, name)) = administrators.first()
        && administrators.iter().all(|(id, _)| is_chosen(id))
    {
        report.without_last = Some(name.clone());
        chosen.retain(|id| id != last);
    }
    Ok(())
}

fn run_on(
    conn: &mut Conn,
    actor: &Actor,
    act: &Act,
    ids: &[UserId],
    now: Timestamp,
    report: &mut Report,
) -> Result<()> {
    let people = store::people(conn, ids)?;
    let changing = |enabled: bool| -> Vec<UserId> {
        people.iter().filter(|(_, _, is)| *is != enabled).map(|(id, _, _)| *id).collect()
    };
    let changed: BTreeMap<UserId, i64> = match act {
        Act::Revoke => end_everything(conn, ids, EndReason::RevokedByAdministrator, now)?,
        Act::Enable(_) => {
            let ids = changing(true);
            store::set_enabled(conn, &ids, true)?;
            store::set_added(conn, &ids, now)?;
            ids.into_iter().map(|id| (id, 0)).collect()
        }
        Act::Disable(_) => {
            let ids = changing(false);
            let ended = end_everything(conn, &ids, EndReason::AccessDisabled, now)?;
            store::set_enabled(conn, &ids, false)?;
            ids.into_iter().map(|id| (id, ended.get(&id).copied().unwrap_or_default())).collect()
        }
    };
    report.people += changed.len();
    report.with_tokens += changed.values().filter(|tokens| **tokens > 0).count();
    report.already += ids.len() - changed.len();
    report.tokens +=
        changed.values().filter_map(|tokens| usize::try_from(*tokens).ok()).sum::<usize>();
    let targets: Vec<(i64, String, String)> = people
        .into_iter()
        .filter_map(|(id, email, _)| {
            let tokens = changed.get(&id)?;
            let mut detail = json!({ "tokens": tokens, "together": true });
            if let (Some(reason), Some(members)) = (&actor.reason, detail.as_object_mut()) {
                members.insert("reason".into(), reason.as_str().into());
            }
            Some((id.0, email, detail.to_string()))
        })
        .collect();
    let entry = NewEntry {
        at: now,
        actor,
        action: action(act),
        target: None,
        outcome: Outcome::Ok,
        detail: json!({}),
    };
    Ok(audit::insert_each(conn, &entry, &targets)?)
}

/// Ends tokens, approvals and waiting codes of these people; for whom anything ended, and how many
/// tokens it was.
fn end_everything(
    conn: &mut Conn,
    ids: &[UserId],
    reason: EndReason,
    now: Timestamp,
) -> Result<BTreeMap<UserId, i64>> {
    let mut ended: BTreeMap<UserId, i64> =
        store::approving(conn, ids)?.into_iter().map(|id| (id, 0)).collect();
    let mut by_number: BTreeMap<i64, Vec<UserId>> = BTreeMap::new();
    for (id, tokens) in store::working_of(conn, ids, now)? {
        ended.insert(id, tokens);
        by_number.entry(tokens).or_default().push(id);
    }
    store::revoke_tokens(conn, ids, reason, now)?;
    store::revoke_consents(conn, ids, now)?;
    store::burn_codes(conn, ids, now)?;
    for (tokens, ids) in by_number {
        store::count_ended(conn, &ids, tokens)?;
    }
    Ok(ended)
}

fn action(act: &Act) -> Action {
    match act {
        Act::Revoke => Action::TokensRevoked,
        Act::Enable(_) => Action::McpAccessEnabled,
        Act::Disable(_) => Action::McpAccessDisabled,
    }
}

fn summarise(
    conn: &mut Conn,
    actor: &Actor,
    act: &Act,
    report: &Report,
    words: String,
    now: Timestamp,
) -> Result<()> {
    let detail = json!({
        "people": report.people,
        "people_with_tokens": report.with_tokens,
        "tokens": report.tokens,
        "already": report.already,
        "without_own_account": report.without_own,
        "without_last_administrator": report.without_last.is_some(),
    });
    let entry = NewEntry {
        at: now,
        actor,
        action: action(act),
        target: Some(&Target { kind: "users", id: None, label: words }),
        outcome: Outcome::Ok,
        detail,
    };
    Ok(audit::insert(conn, &entry)?)
}
