//! The one query behind the gate: a token with the state of everything it stands on, read from
//! the database on every request.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{accounts, clients, consents, plans, roles, tokens, users};
use crate::db::statement::on_each;
use crate::ids::{AccountId, ClientRowId, TokenId, UserId};
use crate::secrets::HashedSecret;
use crate::store::accounts::Plan;

/// A token and all that decides whether it works.
#[derive(Debug, Clone, Queryable)]
pub struct PrincipalRow {
    /// The token.
    pub token_id: TokenId,
    /// Its stored state.
    pub state: String,
    /// When it was made, long before its newest access token perhaps.
    pub created_at: Timestamp,
    /// Its end.
    pub expires_at: Timestamp,
    /// What was granted.
    pub scopes: String,
    /// What the approval covers now.
    pub consent_scopes: Option<String>,
    /// When the approval ended.
    pub consent_revoked_at: Option<Timestamp>,
    /// The client.
    pub client_id: Option<ClientRowId>,
    /// The client's public id; none of a personal token.
    pub client_public_id: Option<String>,
    /// `blocked` when an administrator blocked it.
    pub client_trust: Option<String>,
    /// The owner.
    pub user_id: UserId,
    /// The owner's `sub`.
    pub subject: String,
    /// The owner's status.
    pub user_status: String,
    /// Whether the owner's clients may call.
    pub mcp_enabled: bool,
    /// Tools of the role, a JSON array of names.
    pub tools: String,
    /// The account.
    pub account_id: AccountId,
    /// The account's plan.
    pub plan: Plan,
    /// The account's own switch.
    pub account_access: bool,
    /// The owner's last tool call.
    pub last_tool_at: Option<Timestamp>,
    /// The token's last tool call.
    pub last_used_at: Option<Timestamp>,
}

/// Tokens joined with all they stand on.
#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    tokens::table
        .inner_join(
            users::table
                .inner_join(roles::table)
                .inner_join(accounts::table.inner_join(plans::table)),
        )
        .left_join(consents::table)
        .left_join(clients::table)
}

macro_rules! columns {
    () => {
        (
            tokens::id,
            tokens::state,
            tokens::created_at,
            tokens::expires_at,
            tokens::scopes,
            consents::scopes.nullable(),
            consents::revoked_at.nullable(),
            clients::id.nullable(),
            clients::client_id.nullable(),
            clients::trust.nullable(),
            users::id,
            users::subject,
            users::status,
            users::mcp_enabled,
            roles::tools,
            accounts::id,
            Plan::as_select(),
            accounts::api_access,
            users::last_tool_at,
            tokens::last_used_at,
        )
    };
}

/// Reads the token with that id and all it stands on.
pub fn by_token(conn: &mut Conn, token: TokenId) -> QueryResult<Option<PrincipalRow>> {
    on_each!(conn, |conn| joined()
        .filter(tokens::id.eq(token))
        .select(columns!())
        .get_result(conn)
        .optional())
}

/// Reads the personal access token with that secret and all it stands on.
pub fn by_secret(conn: &mut Conn, secret: &HashedSecret) -> QueryResult<Option<PrincipalRow>> {
    joined()
        .filter(tokens::secret_hash.eq(secret))
        .filter(tokens::kind.eq("personal"))
        .select(columns!())
        .get_result(conn)
        .optional()
}

/// What a person at the console calls the index with: account, plan, and the tools of the role, a
/// JSON array of names.
pub fn of_user(conn: &mut Conn, user: UserId) -> QueryResult<Option<(AccountId, Plan, String)>> {
    users::table
        .inner_join(roles::table)
        .inner_join(accounts::table.inner_join(plans::table))
        .filter(users::id.eq(user))
        .select((accounts::id, Plan::as_select(), accounts::api_access, roles::tools))
        .get_result(conn)
        .optional()
        .map(|found: Option<(AccountId, Plan, bool, String)>| {
            found.map(|(account, plan, access, tools)| (account, plan.within(access), tools))
        })
}
