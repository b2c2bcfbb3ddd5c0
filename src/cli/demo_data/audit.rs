//! The audit log of the sample: what must have happened for its rows to be as they are.

use serde_json::{Value, json};

use super::connections::{Client, Token};
use super::people::{Kind, Person};
use super::random::Random;
use super::{DAY, MINUTE};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::grant::EndReason;
use crate::error::Result;
use crate::ids::UserId;
use crate::store::audit::{self, NewEntry};

/// An entry, before all are put into their order.
pub(super) struct Event {
    pub at: i64,
    pub actor: Actor,
    pub action: Action,
    pub target: Option<Target>,
    pub outcome: Outcome,
    pub detail: Value,
}

/// Writes it, oldest first, with what others had to tell, and says how many entries it has.
pub(super) fn load(
    conn: &mut Conn,
    random: &mut Random,
    now: Timestamp,
    people: &[Person],
    clients: &[Client],
    tokens: &[Token],
    mut events: Vec<Event>,
) -> Result<usize> {
    let Some(admin) = people.first() else { return Ok(0) };
    for person in people {
        of_person(random, now, admin, person, &mut events);
    }
    for client in clients {
        let target = Target { kind: "client", id: Some(client.id), label: client.name.into() };
        let actor = Actor { address: Some(random.address()), ..Actor::system() };
        events.push(event(client.created_at, actor, Action::ClientRegistered, Some(target)));
    }
    for token in tokens {
        if let Some(owner) = people.get(token.person) {
            of_token(random, admin, owner, token, &mut events);
        }
    }
    events.sort_by_key(|event| event.at);
    for event in &events {
        audit::insert(
            conn,
            &NewEntry {
                at: Timestamp(event.at),
                actor: &event.actor,
                action: event.action,
                target: event.target.as_ref(),
                outcome: event.outcome,
                detail: event.detail.clone(),
            },
        )?;
    }
    Ok(events.len())
}

/// An entry of something that went well.
pub(super) fn event(at: i64, actor: Actor, action: Action, target: Option<Target>) -> Event {
    Event { at, actor, action, target, outcome: Outcome::Ok, detail: json!({}) }
}

/// A person, from somewhere.
pub(super) fn actor(random: &mut Random, person: &Person) -> Actor {
    Actor {
        user: Some(UserId(person.id)),
        label: person.email.clone(),
        address: Some(random.address()),
        request_id: None,
        reason: None,
    }
}

fn user(person: &Person) -> Target {
    Target { kind: "user", id: Some(person.id), label: person.email.clone() }
}

fn of_person(
    random: &mut Random,
    now: Timestamp,
    admin: &Person,
    person: &Person,
    events: &mut Vec<Event>,
) {
    let maker = if person.id == admin.id { Actor::operator() } else { actor(random, admin) };
    if person.kind == Kind::Invited {
        events.push(event(now.0 - 2 * DAY, maker, Action::UserInvited, Some(user(person))));
        return;
    }
    events.push(event(person.created_at, maker, Action::UserCreated, Some(user(person))));
    for _ in 0..random.between(2, 6) {
        let at = now.0 - random.between(1, 30 * DAY / MINUTE) * MINUTE;
        let mut sign_in = event(at, actor(random, person), Action::SignIn, Some(user(person)));
        if random.percent(15) || person.kind == Kind::Suspended {
            sign_in.outcome = Outcome::Denied;
            // Who did not get in is nobody known.
            sign_in.actor.user = None;
        }
        events.push(sign_in);
    }
}

fn of_token(
    random: &mut Random,
    admin: &Person,
    owner: &Person,
    token: &Token,
    events: &mut Vec<Event>,
) {
    let target = || Some(Target { kind: "token", id: Some(token.id), label: token.label.clone() });
    let by_owner = actor(random, owner);
    if let Some(client) = token.client {
        let client = Target { kind: "client", id: Some(client), label: token.label.clone() };
        let at = token.created_at - 20_000;
        events.push(event(at, by_owner.clone(), Action::ConsentDecided, Some(client)));
    }
    events.push(event(token.created_at, by_owner.clone(), Action::TokenIssued, target()));
    let Some((at, reason)) = token.ended else { return };
    let ended = match reason {
        // Time passes without anybody acting.
        EndReason::Expired => return,
        EndReason::AccessDisabled => {
            let by_admin = actor(random, admin);
            event(at, by_admin, Action::McpAccessDisabled, Some(user(owner)))
        }
        EndReason::RevokedByAdministrator => {
            event(at, actor(random, admin), Action::TokenRevoked, target())
        }
        _ => event(at, by_owner, Action::TokenRevoked, target()),
    };
    events.push(Event { detail: json!({ "reason": reason.as_str() }), ..ended });
}
