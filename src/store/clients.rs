//! Registered OAuth clients. Table: `clients`.

use diesel::prelude::*;
use url::Url;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::clients;
use crate::domain::redirect;
use crate::ids::{ClientGroupId, ClientRowId};
use crate::secrets::{HashedSecret, PlainSecret};

pub use crate::db::upsert::{DescribedClient, add_described};

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
    /// Until when its fetched metadata document is good.
    pub document_expires_at: Option<Timestamp>,
    /// Hash of the secret before the present one.
    pub previous_secret_hash: Option<HashedSecret>,
    /// Until when that one works, too.
    pub previous_secret_until: Option<Timestamp>,
}

impl ClientRow {
    /// Whether `presented` is its secret, or the one before while that still works.
    pub fn knows(&self, presented: &PlainSecret, now: Timestamp) -> bool {
        let is_current = self.secret_hash.as_ref().is_some_and(|hash| hash.matches(presented));
        let is_previous = self.previous_secret_until.is_some_and(|until| now < until)
            && self.previous_secret_hash.as_ref().is_some_and(|hash| hash.matches(presented));
        is_current || is_previous
    }

    /// Its redirect URIs.
    pub fn redirect_uris(&self) -> impl Iterator<Item = &str> {
        self.redirect_uris.lines()
    }

    /// Whether one of them is `uri`.
    pub fn redirects_to(&self, uri: &str) -> bool {
        redirect::is_among(&self.redirect_uris, uri)
    }

    /// Whether an administrator has blocked it for everyone.
    pub fn is_blocked(&self) -> bool {
        self.trust == "blocked"
    }

    /// The host of the document that describes it, if one does.
    pub fn publisher(&self) -> Option<String> {
        let url = Url::parse(&self.client_id).ok()?;
        url.host_str().filter(|_| self.registration == "metadata_document").map(str::to_owned)
    }

    /// Whether somebody vouches for its name.
    pub fn is_verified(&self) -> bool {
        self.trust == "verified"
    }
}

/// The client with that `client_id`, unless it was deleted.
pub fn by_client_id(conn: &mut Conn, client_id: &str) -> QueryResult<Option<ClientRow>> {
    clients::table
        .filter(clients::client_id.eq(client_id))
        .filter(clients::deleted_at.is_null())
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
    /// `unverified`, or `verified` if an administrator registers it.
    pub trust: &'a str,
    /// The group of those that look like it.
    pub group: ClientGroupId,
    /// Now.
    pub now: Timestamp,
}

/// Adds a client.
pub fn insert(conn: &mut Conn, client: &NewClient<'_>) -> QueryResult<ClientRowId> {
    diesel::insert_into(clients::table)
        .values((
            clients::client_id.eq(client.client_id),
            clients::name.eq(client.name),
            clients::registration.eq(client.registration),
            clients::trust.eq(client.trust),
            clients::group_id.eq(client.group),
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

/// Brings a client to what its document says now, unless a later look has said something else; what
/// is shipped has the last word. What an administrator thinks of it (`trust`) is not the document's
/// to say.
pub fn refresh_described(conn: &mut Conn, client: &DescribedClient<'_>) -> QueryResult<usize> {
    let (fetched_at, expires_at) = client.good.unzip();
    let latest = fetched_at.unwrap_or(Timestamp(i64::MAX));
    let is_later = clients::document_fetched_at.assume_not_null().le(latest);
    diesel::update(
        clients::table
            .filter(clients::client_id.eq(client.client_id))
            .filter(clients::registration.eq("metadata_document"))
            .filter(clients::document_fetched_at.is_null().or(is_later)),
    )
    .set((
        clients::name.eq(client.name),
        clients::redirect_uris.eq(client.redirect_uris),
        clients::document_fetched_at.eq(fetched_at),
        clients::document_expires_at.eq(expires_at),
        clients::group_id.eq(client.group),
    ))
    .execute(conn)
}

/// A client with everything its page shows.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = clients)]
pub struct DetailRow {
    /// Row id.
    pub id: ClientRowId,
    /// Its group.
    pub group_id: Option<ClientGroupId>,
    /// `client_id` on the wire.
    pub client_id: String,
    /// Name.
    pub name: String,
    /// How it came.
    pub registration: String,
    /// `unverified`, `verified` or `blocked`.
    pub trust: String,
    /// How it authenticates.
    pub auth_method: String,
    /// Its redirect URIs, one a line.
    pub redirect_uris: String,
    /// Its home page, shown as text.
    pub client_uri: Option<String>,
    /// From where it registered.
    pub created_address: Option<String>,
    /// When it registered.
    pub created_at: Timestamp,
    /// When it was approved first.
    pub first_consent_at: Option<Timestamp>,
    /// Its present secret, if it has one.
    pub secret_hash: Option<HashedSecret>,
    /// Until when the secret before the present one works.
    pub previous_secret_until: Option<Timestamp>,
}

impl DetailRow {
    /// Until when the secret before the present one works, if it still does.
    pub fn old_secret_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.previous_secret_until.filter(|until| now < *until)
    }

    /// Where its redirect URIs lead.
    pub fn redirect_host(&self) -> String {
        redirect::shown_hosts(self.redirect_uris.lines())
    }
}

/// The client with that id, unless it was deleted.
pub fn details(conn: &mut Conn, id: ClientRowId) -> QueryResult<Option<DetailRow>> {
    clients::table
        .find(id)
        .filter(clients::deleted_at.is_null())
        .select(DetailRow::as_select())
        .get_result(conn)
        .optional()
}

/// What an administrator says of a client registered by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// Its redirect URIs, one a line.
    pub redirect_uris: String,
}

/// Changes a client registered by hand, if it still is what was seen.
pub fn replace(conn: &mut Conn, id: ClientRowId, was: &Told, becomes: &Told) -> QueryResult<usize> {
    diesel::update(
        clients::table
            .find(id)
            .filter(clients::registration.eq("manual"))
            .filter(clients::deleted_at.is_null())
            .filter(clients::name.eq(&was.name))
            .filter(clients::redirect_uris.eq(&was.redirect_uris)),
    )
    .set((clients::name.eq(&becomes.name), clients::redirect_uris.eq(&becomes.redirect_uris)))
    .execute(conn)
}

/// Removes a client registered by hand that nobody has ever approved.
pub fn remove_unused(conn: &mut Conn, id: ClientRowId) -> QueryResult<usize> {
    diesel::delete(
        clients::table
            .find(id)
            .filter(clients::registration.eq("manual"))
            .filter(clients::first_consent_at.is_null()),
    )
    .execute(conn)
}

/// Marks a client registered by hand as deleted. It is blocked, so that nothing which knows its row
/// lets it in, and in no group, so that no list shows it.
pub fn mark_deleted(conn: &mut Conn, id: ClientRowId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        clients::table
            .find(id)
            .filter(clients::registration.eq("manual"))
            .filter(clients::deleted_at.is_null()),
    )
    .set((
        clients::deleted_at.eq(now),
        clients::trust.eq("blocked"),
        clients::group_id.eq(None::<ClientGroupId>),
    ))
    .execute(conn)
}

/// A client as it is now.
pub fn by_row_id(conn: &mut Conn, id: ClientRowId) -> QueryResult<ClientRow> {
    clients::table.find(id).select(ClientRow::as_select()).get_result(conn)
}

/// A client's redirect URIs as they are now, one a line.
pub fn redirect_uris(conn: &mut Conn, id: ClientRowId) -> QueryResult<String> {
    clients::table.find(id).select(clients::redirect_uris).get_result(conn)
}

/// Whether a client is blocked now.
pub fn is_blocked(conn: &mut Conn, id: ClientRowId) -> QueryResult<bool> {
    let trust: String = clients::table.find(id).select(clients::trust).get_result(conn)?;
    Ok(trust == "blocked")
}

/// One client, or all of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// The group.
    pub group: ClientGroupId,
    /// Only this one of it.
    pub only: Option<ClientRowId>,
}

impl Selection {
    /// The first and the last id that is meant; one client is a range of one.
    pub fn range(self) -> (ClientRowId, ClientRowId) {
        match self.only {
            Some(id) => (id, id),
            None => (ClientRowId(i64::MIN), ClientRowId(i64::MAX)),
        }
    }
}

/// Blocks the selected clients that are not, and keeps what they were.
pub fn block(conn: &mut Conn, selection: Selection) -> QueryResult<usize> {
    let (first, last) = selection.range();
    diesel::update(
        clients::table
            .filter(clients::group_id.eq(selection.group))
            .filter(clients::id.between(first, last))
            .filter(clients::trust.ne("blocked")),
    )
    .set((clients::trust_before_block.eq(clients::trust.nullable()), clients::trust.eq("blocked")))
    .execute(conn)
}

/// Lets the selected clients that are blocked be what they were.
pub fn unblock(conn: &mut Conn, selection: Selection) -> QueryResult<usize> {
    let (first, last) = selection.range();
    let mut changed = 0;
    for before in ["verified", "unverified"] {
        changed += diesel::update(
            clients::table
                .filter(clients::group_id.eq(selection.group))
                .filter(clients::id.between(first, last))
                .filter(clients::trust.eq("blocked"))
                .filter(
                    clients::trust_before_block
                        .eq(before)
                        .or(clients::trust_before_block.is_null()),
                ),
        )
        .set((clients::trust.eq(before), clients::trust_before_block.eq(None::<String>)))
        .execute(conn)?;
    }
    Ok(changed)
}

/// Replaces the secret of a client, if it is still `was`, which works until `until`.
pub fn replace_secret(
    conn: &mut Conn,
    id: ClientRowId,
    was: &HashedSecret,
    secret: &HashedSecret,
    until: Timestamp,
) -> QueryResult<usize> {
    diesel::update(clients::table.find(id).filter(clients::secret_hash.eq(was)))
        .set((
            clients::previous_secret_hash.eq(clients::secret_hash),
            clients::previous_secret_until.eq(until),
            clients::secret_hash.eq(secret),
        ))
        .execute(conn)
}

/// Registrations that nobody has ever approved: bounded, because registering is open.
pub fn count_unused(conn: &mut Conn) -> QueryResult<i64> {
    clients::table
        .filter(clients::first_consent_at.is_null())
        .filter(clients::registration.eq("dynamic"))
        .count()
        .get_result(conn)
}

/// Removes the oldest registrations that nobody has ever approved, at most `most` from before
/// `before`. Returns how many.
pub fn remove_oldest_unused(conn: &mut Conn, before: Timestamp, most: i64) -> QueryResult<usize> {
    let oldest: Vec<ClientRowId> = clients::table
        .filter(clients::first_consent_at.is_null())
        .filter(clients::registration.eq("dynamic"))
        .filter(clients::trust.ne("blocked"))
        .filter(clients::created_at.lt(before))
        .order(clients::id)
        .select(clients::id)
        .limit(most)
        .load(conn)?;
    diesel::delete(clients::table.filter(clients::id.eq_any(oldest))).execute(conn)
}

/// Notes the first approval, which keeps the registration from being reaped.
pub fn note_consent(conn: &mut Conn, id: ClientRowId, now: Timestamp) -> QueryResult<usize> {
    diesel::update(clients::table.find(id).filter(clients::first_consent_at.is_null()))
        .set(clients::first_consent_at.eq(now))
        .execute(conn)
}

/// Removes registrations older than `before` that never reached a consent, those by a fetched
/// document too, unless that would forget that one is blocked; at most `most`, because they may all
/// be counted in one group, whose row is written for each. Returns how many.
pub fn reap(conn: &mut Conn, before: Timestamp, most: i64) -> QueryResult<usize> {
    let is_dynamic = clients::registration.eq("dynamic");
    let is_fetched =
        clients::document_fetched_at.assume_not_null().lt(before).and(clients::trust.ne("blocked"));
    let unused: Vec<ClientRowId> = clients::table
        .filter(clients::first_consent_at.is_null())
        .filter(clients::created_at.lt(before))
        .filter(is_dynamic.or(clients::document_fetched_at.is_not_null().and(is_fetched)))
        .select(clients::id)
        .limit(most)
        .load(conn)?;
    diesel::delete(clients::table.filter(clients::id.eq_any(unused))).execute(conn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lookalike::Lookalike;
    use crate::store::testing::{TestBase, databases};

    const URL: &str = "https://client.example/client.json";

    fn described(name: &'static str, good: Option<(i64, i64)>) -> DescribedClient<'static> {
        let good = good.map(|(fetched, until)| (Timestamp(fetched), Timestamp(until)));
        let group = ClientGroupId(1);
        DescribedClient {
            client_id: URL,
            name,
            redirect_uris: "",
            trust: "unverified",
            good,
            group,
        }
    }

    /// A database with the group that they are in.
    fn grouped() -> Vec<TestBase> {
        let alike = Lookalike::of("metadata_document", URL, "first", "");
        let mut bases = databases();
        for base in &mut bases {
            let id = crate::store::client_groups::keep(&mut base.conn, &alike).unwrap();
            assert_eq!(id, ClientGroupId(1));
        }
        bases
    }

    /// Rows: D23
    #[test]
    fn what_was_fetched_last_counts_and_what_is_shipped_has_the_last_word() {
        for mut base in grouped() {
            let conn = &mut base.conn;
            let mut look = |client: DescribedClient<'_>| {
                if !add_described(conn, &client, Timestamp(1)).unwrap() {
                    refresh_described(conn, &client).unwrap();
                }
                let row = by_client_id(conn, URL).unwrap().unwrap();
                (row.name, row.document_expires_at.map(|at| at.0))
            };
            assert_eq!(look(described("first", Some((10, 20)))), ("first".into(), Some(20)));
            assert_eq!(look(described("third", Some((30, 40)))), ("third".into(), Some(40)));
            assert_eq!(
                look(described("second", Some((20, 90)))),
                ("third".into(), Some(40)),
                "late"
            );
            assert_eq!(look(described("shipped", None)), ("shipped".into(), None));
            assert_eq!(look(described("fourth", Some((50, 60)))), ("fourth".into(), Some(60)));
        }
    }

    #[test]
    fn fetched_clients_without_a_consent_go_unless_they_are_blocked() {
        for mut base in grouped() {
            let conn = &mut base.conn;
            let mut left = |good: Option<(i64, i64)>, trust: &'static str, before: i64| {
                add_described(
                    conn,
                    &DescribedClient { trust, ..described("x", good) },
                    Timestamp(1),
                )
                .unwrap();
                reap(conn, Timestamp(before), 10).unwrap();
                let is_left = by_client_id(conn, URL).unwrap().is_some();
                diesel::delete(clients::table).execute(conn).unwrap();
                is_left
            };
            assert!(!left(Some((10, 20)), "unverified", 11));
            assert!(left(Some((10, 20)), "unverified", 10), "looked at lately");
            assert!(left(Some((10, 20)), "blocked", 11));
            assert!(left(None, "verified", 11), "shipped");
        }
    }
}
