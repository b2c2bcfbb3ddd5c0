//! Insert-or-update, per backend: Diesel's multi-backend connection has no `on_conflict`.
//!
//! Every statement is one conditional write, so that a race is decided by the database and not by
//! a read before it.

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::Conn;
use super::schema::{client_groups, clients, one_time_links, settings, throttles};
use super::statement::on_each;
use crate::clock::Timestamp;
use crate::ids::ClientGroupId;
use crate::secrets::HashedSecret;

/// Sets a setting.
pub fn set_setting(conn: &mut Conn, name: &str, value: &str) -> QueryResult<usize> {
    on_each!(conn, |conn| diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::value.eq(excluded(settings::value)))
        .execute(conn))
}

/// Counts an attempt of `subject`: one more in a window that runs, the first of a new one
/// otherwise. One statement, so that attempts at the same moment begin one window and all count.
/// Returns the count.
pub fn count_attempt(
    conn: &mut Conn,
    subject: &str,
    now: Timestamp,
    window_ends_at: Timestamp,
) -> QueryResult<i64> {
    on_each!(conn, |conn| diesel::insert_into(throttles::table)
        .values((
            throttles::subject.eq(subject),
            throttles::failures.eq(1),
            throttles::window_ends_at.eq(window_ends_at),
        ))
        .on_conflict(throttles::subject)
        .do_update()
        .set((
            throttles::failures.eq(case_when(
                throttles::window_ends_at.gt(now),
                throttles::failures + 1
            )
            .otherwise(1_i64)),
            throttles::window_ends_at.eq(case_when(
                throttles::window_ends_at.gt(now),
                throttles::window_ends_at
            )
            .otherwise(window_ends_at)),
        ))
        .returning(throttles::failures)
        .get_result(conn))
}

/// A client that describes itself by a metadata document.
#[derive(Debug, Clone, Copy)]
pub struct DescribedClient<'a> {
    /// Its `client_id`: the document's URL.
    pub client_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its redirect URIs, one a line.
    pub redirect_uris: &'a str,
    /// `verified` or `unverified`, while it is new.
    pub trust: &'a str,
    /// When the document was asked for and until when it is good; none if it is shipped.
    pub good: Option<(Timestamp, Timestamp)>,
    /// Its group.
    pub group: ClientGroupId,
}

/// Registrations that look alike.
#[derive(Debug, Clone, Copy)]
pub struct AlikeGroup<'a> {
    /// The same for all that look alike.
    pub key: &'a str,
    /// Their name.
    pub name: &'a str,
    /// Where their redirect URIs lead.
    pub redirect_host: &'a str,
    /// How they came.
    pub registration: &'a str,
}

/// The group of registrations that look like this; made if there is none. The group cannot be
/// removed before the end of the transaction.
pub fn keep_group(conn: &mut Conn, alike: &AlikeGroup<'_>) -> QueryResult<ClientGroupId> {
    on_each!(conn, |conn| diesel::insert_into(client_groups::table)
        .values((
            client_groups::group_key.eq(alike.key),
            client_groups::name.eq(alike.name),
            client_groups::redirect_host.eq(alike.redirect_host),
            client_groups::registration.eq(alike.registration),
        ))
        .on_conflict(client_groups::group_key)
        .do_update()
        .set((
            client_groups::name.eq(excluded(client_groups::name)),
            client_groups::redirect_host.eq(excluded(client_groups::redirect_host)),
        ))
        .returning(client_groups::id)
        .get_result(conn))
}

/// Adds such a client; one that is there already is left as it is. Returns whether it was added.
pub fn add_described(
    conn: &mut Conn,
    client: &DescribedClient<'_>,
    now: Timestamp,
) -> QueryResult<bool> {
    let added = on_each!(conn, |conn| diesel::insert_into(clients::table)
        .values((
            clients::client_id.eq(client.client_id),
            clients::name.eq(client.name),
            clients::registration.eq("metadata_document"),
            clients::trust.eq(client.trust),
            clients::auth_method.eq("none"),
            clients::redirect_uris.eq(client.redirect_uris),
            clients::created_at.eq(now),
            clients::document_fetched_at.eq(client.good.map(|(fetched, _)| fetched)),
            clients::document_expires_at.eq(client.good.map(|(_, until)| until)),
            clients::group_id.eq(client.group),
        ))
        .on_conflict(clients::client_id)
        .do_nothing()
        .execute(conn))?;
    Ok(added > 0)
}

/// Adds a one-time link without a person; one that is there already, even one whose time is over, is
/// left as it is. Returns whether it was added.
pub fn add_link(
    conn: &mut Conn,
    secret: &HashedSecret,
    purpose: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> QueryResult<bool> {
    let added = on_each!(conn, |conn| diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::secret_hash.eq(secret),
            one_time_links::purpose.eq(purpose),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(expires_at),
        ))
        .on_conflict(one_time_links::secret_hash)
        .do_nothing()
        .execute(conn))?;
    Ok(added > 0)
}
