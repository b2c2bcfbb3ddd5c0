//! The names behind the ids of rows. A record outlives what it speaks of, so a name may be gone.

use std::collections::{HashMap, HashSet};

use crate::db::Conn;
use crate::domain::audit::thing;
use crate::domain::words::composed;
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, ClientRowId, ConsentId, TokenId, UserId};
use crate::store::activity_grid::CallRow;
use crate::store::audit_grid::{self, EntryRow};
use crate::store::record_names as store;
use crate::store::users;

/// Registrations of one name that a filter takes.
const MOST_CLIENTS: i64 = 1000;
/// Spellings of one name that a filter takes.
const MOST_SPELLINGS: i64 = 50;

/// A person as a record shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Row id.
    pub id: UserId,
    /// Full name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Whether they were deleted: the name stays, and there is no page of them.
    pub is_deleted: bool,
}

/// What a filter by a number stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// In words.
    pub words: String,
    /// As it would be typed; nothing if only the number finds it.
    pub typed: Option<String>,
}

/// A call with its names.
#[derive(Debug, Clone)]
pub struct Call {
    /// The row.
    pub row: CallRow,
    /// The user, unless they were deleted.
    pub person: Option<Person>,
    /// The client, or the name of the personal access token or API key.
    pub client: Option<String>,
    /// The client, if it is still registered.
    pub client_here: Option<ClientRowId>,
    /// Whether it was a personal access token.
    pub is_personal: bool,
}

pub(super) fn of_calls(conn: &mut Conn, rows: Vec<CallRow>) -> Result<Vec<Call>> {
    let users: Vec<UserId> = distinct(rows.iter().filter_map(|row| row.user_id));
    let clients: Vec<ClientRowId> = distinct(rows.iter().filter_map(|row| row.client_id));
    let tokens: Vec<TokenId> =
        distinct(rows.iter().filter(|row| row.client_id.is_none()).filter_map(|row| row.token_id));
    let keys: Vec<ApiKeyId> = distinct(rows.iter().filter_map(|row| row.api_key_id));
    let keys: HashMap<_, _> = store::api_keys(conn, &keys)?.into_iter().collect();
    let people = people(conn, &users)?;
    let here: HashSet<_> = clients_here(conn, &clients)?;
    let clients: HashMap<_, _> = store::clients(conn, &clients)?.into_iter().collect();
    let tokens: HashMap<_, _> = store::tokens(conn, &tokens)?.into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let person = row.user_id.and_then(|id| people.get(&id).cloned());
            let is_personal = row.client_id.is_none() && row.token_id.is_some();
            let client = match (row.client_id, row.api_key_id) {
                (Some(id), _) => clients.get(&id).cloned(),
                (None, Some(id)) => keys.get(&id).cloned(),
                (None, None) => row.token_id.and_then(|id| tokens.get(&id).cloned()),
            };
            let client_here = row.client_id.filter(|id| here.contains(id));
            Call { row, person, client, client_here, is_personal }
        })
        .collect())
}

/// People by id; those who were deleted are missing.
pub(super) fn people(conn: &mut Conn, ids: &[UserId]) -> Result<HashMap<UserId, Person>> {
    let rows = store::people(conn, ids)?;
    let person = |(id, name, email, is_deleted)| (id, Person { id, name, email, is_deleted });
    Ok(rows.into_iter().map(person).collect())
}

fn clients_here(conn: &mut Conn, ids: &[ClientRowId]) -> Result<HashSet<ClientRowId>> {
    let here = if ids.is_empty() { Vec::new() } else { store::clients_here(conn, ids)? };
    Ok(here.into_iter().collect())
}

/// The clients that entries are about and that are still registered, by the id of the entry.
pub(super) fn clients_of_entries(
    conn: &mut Conn,
    rows: &[EntryRow],
) -> Result<HashMap<i64, ClientRowId>> {
    let ids = |kind: &str| {
        let is_it = |row: &&EntryRow| row.target_kind.as_deref() == Some(kind);
        distinct(rows.iter().filter(is_it).filter_map(|row| row.target_id))
    };
    let tokens: Vec<TokenId> = ids("token").into_iter().map(TokenId).collect();
    let consents: Vec<ConsentId> = ids("connection").into_iter().map(ConsentId).collect();
    let mut found: HashMap<(&str, i64), ClientRowId> =
        ids("client").into_iter().map(|id| (("client", id), ClientRowId(id))).collect();
    if !tokens.is_empty() {
        let of = store::clients_of_tokens(conn, &tokens)?;
        found.extend(of.into_iter().map(|(id, client)| (("token", id.0), client)));
    }
    if !consents.is_empty() {
        let of = store::clients_of_consents(conn, &consents)?;
        found.extend(of.into_iter().map(|(id, client)| (("connection", id.0), client)));
    }
    let here = clients_here(conn, &distinct(found.values().copied()))?;
    let of = |row: &EntryRow| {
        let client = found.get(&(row.target_kind.as_deref()?, row.target_id?))?;
        here.contains(client).then_some((row.id, *client))
    };
    Ok(rows.iter().filter_map(of).collect())
}

/// The thing that is typed, by its number or by its name.
pub(super) fn thing_of(conn: &mut Conn, typed: &str) -> Result<(&'static str, i64)> {
    let wrong = |message: String| Error::field("thing", message);
    let Some((kind, which)) = thing(typed) else {
        return Err(wrong(format!("Thing: “{typed}” is no kind with a name or number.")));
    };
    if let Ok(id) = which.parse() {
        return Ok((kind, id));
    }
    let word = kind.replace('_', " ");
    match store::things_named(conn, kind, &composed(which), 2)?.as_slice() {
        [id] => Ok((kind, *id)),
        [] => Err(wrong(format!(
            "Thing: no {word} is found by that name. Enter the whole name, or follow “Audit entries” on its page."
        ))),
        _ => Err(wrong(format!(
            "Thing: more than one {word} has that name. Follow “Audit entries” on the page of the one that you mean."
        ))),
    }
}

/// Whom a number stands for.
pub(super) fn person_by_number(conn: &mut Conn, typed: &str) -> Result<Option<Known>> {
    let Ok(id) = typed.parse() else { return Ok(None) };
    Ok(people(conn, &[id])?.remove(&id).map(|person| Known {
        words: format!("{} ({})", person.name, person.email),
        typed: (!person.is_deleted).then_some(person.email),
    }))
}

/// Which client a number stands for.
pub(super) fn client_by_number(conn: &mut Conn, typed: &str) -> Result<Option<Known>> {
    let Ok(id) = typed.parse() else { return Ok(None) };
    let found = store::clients(conn, &[id])?.pop();
    Ok(found.map(|(_, words)| Known { words, typed: None }))
}

pub(super) fn distinct<I: Ord>(ids: impl Iterator<Item = I>) -> Vec<I> {
    let mut ids: Vec<I> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The person of an address, or of a number: records name people who are gone by it. Whoever was
/// deleted is found by the address that they had, unless somebody else has it now.
pub(super) fn person_of(conn: &mut Conn, typed: &str) -> Result<UserId> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let typed = typed.to_lowercase();
    if let Some(user) = users::by_email(conn, &typed)? {
        return Ok(user.id);
    }
    store::deleted_person(conn, &typed)?.ok_or_else(|| {
        Error::field(
            "person",
            "Person: nobody has or had that e-mail address. Enter the whole address.",
        )
    })
}

/// The clients of a person's own connections that go by that name. What others have connected is not
/// to be found out.
pub(super) fn own_clients_of(
    conn: &mut Conn,
    user: UserId,
    typed: &str,
) -> Result<Vec<ClientRowId>> {
    let found = store::own_clients_named(conn, user, &composed(typed))?;
    if found.is_empty() {
        return Err(Error::field(
            "client",
            "Client: you have connected none of that name. Enter the whole name, as your connections have it.",
        ));
    }
    Ok(found)
}

/// The clients of a row id, a `client_id` or a name.
pub(super) fn clients_of(conn: &mut Conn, typed: &str) -> Result<Vec<ClientRowId>> {
    if let Ok(id) = typed.parse() {
        return Ok(vec![id]);
    }
    if let Some(id) = store::client_of(conn, typed)? {
        return Ok(vec![id]);
    }
    let names = store::client_spellings(conn, &composed(typed), MOST_SPELLINGS)?;
    let found = store::clients_named(conn, &names, MOST_CLIENTS + 1)?;
    if found.is_empty() {
        return Err(no_such_client());
    }
    if i64::try_from(found.len()).is_ok_and(|found| found > MOST_CLIENTS) {
        return Err(Error::field(
            "client",
            "Client: more than 1,000 registrations have that name. Enter the client ID of one.",
        ));
    }
    Ok(found)
}

fn no_such_client() -> Error {
    Error::field(
        "client",
        "Client: there is none of that name. Enter the whole name, as the list of clients has it, or a client ID.",
    )
}

/// How the audit log may spell the client, or the personal access token, of a name or a `client_id`.
/// What is gone by now is known in the spelling that it had.
pub(super) fn spellings_of(conn: &mut Conn, typed: &str) -> Result<Vec<String>> {
    if let Some(name) = store::client_name(conn, typed)? {
        return Ok(vec![name]);
    }
    let typed = composed(typed);
    let mut names = store::client_spellings(conn, &typed, MOST_SPELLINGS)?;
    names.extend(store::token_spellings(conn, &typed, MOST_SPELLINGS)?);
    if audit_grid::knows_client(conn, &typed)? {
        names.push(typed.into_owned());
    }
    match names.is_empty() {
        true => Err(no_such_client()),
        false => Ok(distinct(names.into_iter())),
    }
}
