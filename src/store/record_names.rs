//! The names behind the ids of the two logs, for the rows of a page or a batch. Tables: `users`,
//! `clients`, `client_groups`, `consents`, `tokens`, `api_keys`, `audit`, `accounts`, `plans`, `roles`.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::people_texts::equals;
use crate::db::schema::{
    accounts, api_keys, audit, client_groups, clients, consents, plans, roles, tokens, users,
};
use crate::domain::audit::{Action, Outcome};
use crate::ids::{AccountId, ApiKeyId, ClientRowId, ConsentId, PlanId, RoleId, TokenId, UserId};

/// Full name, address, and whether they were deleted.
pub type PersonColumns = (UserId, String, String, bool);

/// Full names and addresses.
pub fn people(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<PersonColumns>> {
    users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::name, users::email, users::deleted_at.is_not_null()))
        .load(conn)
}

/// The last person who was deleted with that address.
pub fn deleted_person(conn: &mut Conn, email: &str) -> QueryResult<Option<UserId>> {
    let id: Option<Option<i64>> = audit::table
        .filter(audit::target.eq(email))
        .filter(audit::action.eq(Action::UserDeleted.as_str()))
        .filter(audit::outcome.eq(Outcome::Ok.as_str()))
        .order(audit::id.desc())
        .select(audit::target_id)
        .first(conn)
        .optional()?;
    Ok(id.flatten().map(UserId))
}

/// Names of clients.
pub fn clients(conn: &mut Conn, ids: &[ClientRowId]) -> QueryResult<Vec<(ClientRowId, String)>> {
    clients::table.filter(clients::id.eq_any(ids)).select((clients::id, clients::name)).load(conn)
}

/// Things of a kind of which that is the name but for the case of letters, at most `limit`; none of
/// a kind whose names say nothing.
pub fn things_named(conn: &mut Conn, kind: &str, name: &str, limit: i64) -> QueryResult<Vec<i64>> {
    match kind {
        "account" => {
            let is_it = equals(conn, "accounts.name", name);
            let ids = accounts::table.filter(is_it).limit(limit).select(accounts::id);
            Ok(ids.load::<AccountId>(conn)?.into_iter().map(|id| id.0).collect())
        }
        "plan" => {
            let is_it = equals(conn, "plans.name", name);
            let ids = plans::table.filter(is_it).limit(limit).select(plans::id);
            Ok(ids.load::<PlanId>(conn)?.into_iter().map(|id| id.0).collect())
        }
        "role" => {
            let is_it = equals(conn, "roles.name", name);
            let ids = roles::table.filter(is_it).limit(limit).select(roles::id);
            Ok(ids.load::<RoleId>(conn)?.into_iter().map(|id| id.0).collect())
        }
        "client" => {
            let names = client_spellings(conn, name, limit)?;
            let found = clients_named(conn, &names, limit)?;
            Ok(found.into_iter().map(|id| id.0).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// Which of these clients were not deleted.
pub fn clients_here(conn: &mut Conn, ids: &[ClientRowId]) -> QueryResult<Vec<ClientRowId>> {
    clients::table
        .filter(clients::id.eq_any(ids))
        .filter(clients::deleted_at.is_null())
        .select(clients::id)
        .load(conn)
}

/// The clients of these tokens; personal access tokens have none.
pub fn clients_of_tokens(
    conn: &mut Conn,
    ids: &[TokenId],
) -> QueryResult<Vec<(TokenId, ClientRowId)>> {
    tokens::table
        .filter(tokens::id.eq_any(ids))
        .filter(tokens::client_id.is_not_null())
        .select((tokens::id, tokens::client_id.assume_not_null()))
        .load(conn)
}

/// The clients of these connections.
pub fn clients_of_consents(
    conn: &mut Conn,
    ids: &[ConsentId],
) -> QueryResult<Vec<(ConsentId, ClientRowId)>> {
    consents::table
        .filter(consents::id.eq_any(ids))
        .select((consents::id, consents::client_id))
        .load(conn)
}

/// Names of tokens: of a personal access token its own.
pub fn tokens(conn: &mut Conn, ids: &[TokenId]) -> QueryResult<Vec<(TokenId, String)>> {
    tokens::table.filter(tokens::id.eq_any(ids)).select((tokens::id, tokens::label)).load(conn)
}

/// Names of keys of the REST API.
pub fn api_keys(conn: &mut Conn, ids: &[ApiKeyId]) -> QueryResult<Vec<(ApiKeyId, String)>> {
    api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .select((api_keys::id, api_keys::name))
        .load(conn)
}

/// The client with that `client_id`.
pub fn client_of(conn: &mut Conn, client_id: &str) -> QueryResult<Option<ClientRowId>> {
    clients::table
        .filter(clients::client_id.eq(client_id))
        .select(clients::id)
        .get_result(conn)
        .optional()
}

/// The name of the client with that `client_id`.
pub fn client_name(conn: &mut Conn, client_id: &str) -> QueryResult<Option<String>> {
    clients::table
        .filter(clients::client_id.eq(client_id))
        .select(clients::name)
        .get_result(conn)
        .optional()
}

/// How names of clients are spelled that are `name` but for the case of letters.
pub fn client_spellings(conn: &mut Conn, name: &str, limit: i64) -> QueryResult<Vec<String>> {
    let is_it = equals(conn, "client_groups.name", name);
    client_groups::table
        .filter(is_it)
        .select(client_groups::name)
        .distinct()
        .limit(limit)
        .load(conn)
}

/// How names of personal access tokens are spelled that are `name` but for the case of letters.
pub fn token_spellings(conn: &mut Conn, name: &str, limit: i64) -> QueryResult<Vec<String>> {
    let is_it = equals(conn, "tokens.label", name);
    tokens::table
        .filter(tokens::client_id.is_null())
        .filter(is_it)
        .select(tokens::label)
        .distinct()
        .limit(limit)
        .load(conn)
}

/// Clients of these names, at most `limit`.
pub fn clients_named(
    conn: &mut Conn,
    names: &[String],
    limit: i64,
) -> QueryResult<Vec<ClientRowId>> {
    let groups =
        client_groups::table.filter(client_groups::name.eq_any(names)).select(client_groups::id);
    clients::table
        .filter(clients::group_id.eq_any(groups.nullable()))
        .order(clients::id.desc())
        .limit(limit)
        .select(clients::id)
        .load(conn)
}

/// The clients of a user's own approvals, ended ones too, of which that is the name but for the case
/// of letters.
pub fn own_clients_named(
    conn: &mut Conn,
    user: UserId,
    name: &str,
) -> QueryResult<Vec<ClientRowId>> {
    let (is_name, is_label) =
        (equals(conn, "clients.name", name), equals(conn, "consents.label", name));
    consents::table
        .inner_join(clients::table)
        .filter(consents::user_id.eq(user))
        .filter(is_name.or(is_label))
        .select(clients::id)
        .distinct()
        .load(conn)
}
