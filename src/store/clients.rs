//! Registered OAuth clients. Table: `clients`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::clients;
use crate::ids::ClientRowId;
use crate::secrets::HashedSecret;

pub use crate::db::upsert::{ShippedClient, keep_client as keep};

/// A registered client.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = clients)]
pub struct ClientRow {
    /// Row id.
    pub id: ClientRowId,
    /// `client_id` on the wire.
    pub client_id: String,
    /// The name it gave itself; never trusted, always escaped.
    pub name: String,
    /// How it came: `dynamic`, `metadata_document`, `manual`.
    pub registration: String,
    /// `unverified`, `verified` or `blocked`.
    pub trust: String,
    /// How it authenticates at the token endpoint.
    pub auth_method: String,
    /// Hash of its secret, if it has one.
    pub secret_hash: Option<HashedSecret>,
    /// Its redirect URIs, one a line.
    pub redirect_uris: String,
    /// When it registered.
    pub created_at: Timestamp,
}

impl ClientRow {
    /// Its redirect URIs.
    pub fn redirect_uris(&self) -> impl Iterator<Item = &str> {
        self.redirect_uris.lines()
    }

    /// Whether an administrator has blocked it for everyone.
    pub fn is_blocked(&self) -> bool {
        self.trust == "blocked"
    }

    /// Whether somebody vouches for its name.
    pub fn is_verified(&self) -> bool {
        self.trust == "verified"
    }
}

/// The client with that `client_id`.
pub fn by_client_id(conn: &mut Conn, client_id: &str) -> QueryResult<Option<ClientRow>> {
    clients::table
        .filter(clients::client_id.eq(client_id))
        .select(ClientRow::as_select())
        .get_result(conn)
        .optional()
}

/// A client to be added.
#[derive(Debug)]
pub struct NewClient<'a> {
    /// `client_id` on the wire.
    pub client_id: &'a str,
    /// Name.
    pub name: &'a str,
    /// How it came.
    pub registration: &'a str,
    /// How it authenticates.
    pub auth_method: &'a str,
    /// Hash of its secret.
    pub secret_hash: Option<&'a HashedSecret>,
    /// Redirect URIs, one a line.
    pub redirect_uris: &'a str,
    /// Its home page, shown as text.
    pub client_uri: Option<&'a str>,
    /// From where it registered.
    pub address: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// Adds a client, unverified.
pub fn insert(conn: &mut Conn, client: &NewClient<'_>) -> QueryResult<ClientRowId> {
    diesel::insert_into(clients::table)
        .values((
            clients::client_id.eq(client.client_id),
            clients::name.eq(client.name),
            clients::registration.eq(client.registration),
            clients::trust.eq("unverified"),
            clients::auth_method.eq(client.auth_method),
            clients::secret_hash.eq(client.secret_hash),
            clients::redirect_uris.eq(client.redirect_uris),
            clients::client_uri.eq(client.client_uri),
            clients::created_address.eq(client.address.as_deref()),
            clients::created_at.eq(client.now),
        ))
        .returning(clients::id)
        .get_result(conn)
}

/// Registrations that nobody has ever approved: bounded, because registering is open.
pub fn count_unused(conn: &mut Conn) -> QueryResult<i64> {
    clients::table.filter(clients::first_consent_at.is_null()).count().get_result(conn)
}

/// Notes the first approval, which keeps the registration from being reaped.
pub fn note_consent(conn: &mut Conn, id: ClientRowId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(clients::table.find(id).filter(clients::first_consent_at.is_null()))
        .set(clients::first_consent_at.eq(now))
        .execute(conn)
}

/// Removes registrations older than `before` that never reached a consent.
pub fn reap(conn: &mut Conn, before: Timestamp) -> QueryResult<usize> {
    diesel::delete(
        clients::table
            .filter(clients::first_consent_at.is_null())
            .filter(clients::registration.eq("dynamic"))
            .filter(clients::created_at.lt(before)),
    )
    .execute(conn)
}
