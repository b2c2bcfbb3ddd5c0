//! The real application in this process: its own listener, database and clock.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use diesel::RunQueryDsl;
use portcullis::clock::Clock;
use portcullis::domain::audit::Actor;
use portcullis::ids::{TokenId, UserId};
use portcullis::service::access::{self, Authority};
use portcullis::service::free_calls::FreeCalls;
use portcullis::service::{Ctx, bootstrap, connections, login, people};
use portcullis::store::settings;
use portcullis::store::tokens::TokenRow;

use super::database::{Backend, Database, START, config};
use super::{ADMIN, AiClient, Browser, MEMBER, PASSWORD, Person, postgres};

/// Calls of a token that cost nothing, a minute: fewer than those of a server that is no test's, so
/// that the limit is reached in reasonable time. The clock stands still, so a test has one minute.
const FREE_CALLS: i64 = 600;

/// A running application.
pub struct TestApp {
    pub ctx: Ctx,
    pub clock: Clock,
    /// The issuer, without a trailing slash.
    pub base: String,
    pub backend: Backend,
    pub database: Database,
    server: ServerHandle,
}

impl TestApp {
    /// On a filled SQLite database.
    pub async fn sqlite() -> Self {
        Self::on(Backend::Sqlite, &[]).await
    }

    /// On a filled PostgreSQL database, where there is a server.
    pub async fn postgres() -> Option<Self> {
        postgres::server()?;
        Some(Self::on(Backend::Postgres, &[]).await)
    }

    /// On a filled database, with more configuration.
    pub async fn on(backend: Backend, pairs: &[(&str, &str)]) -> Self {
        Self::over(Database::filled(backend).await, backend, pairs).await
    }

    /// On an empty SQLite database.
    pub async fn empty() -> Self {
        Self::over(Database::empty(), Backend::Sqlite, &[]).await
    }

    async fn over(database: Database, backend: Backend, pairs: &[(&str, &str)]) -> Self {
        Self::with(database, backend, pairs, |ctx| ctx).await
    }

    /// With a part of its state replaced.
    pub async fn with(
        database: Database,
        backend: Backend,
        pairs: &[(&str, &str)],
        replace: impl FnOnce(Ctx) -> Ctx,
    ) -> Self {
        // The port first: the issuer must be known before anything is built from it.
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let bind = listener.local_addr().unwrap().to_string();
        let mut all = vec![("DATABASE_URL", database.url.as_str()), ("BIND", bind.as_str())];
        all.extend_from_slice(pairs);
        let clock = Clock::fixed(START);
        let ctx = bootstrap::open(config(&all), clock.clone()).await.unwrap();
        let ctx = replace(ctx.with_free_calls(FreeCalls::at_least(FREE_CALLS)));
        let server = portcullis::app::serve(&ctx, listener).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { ctx, clock, base: format!("http://{bind}"), backend, database, server: handle }
    }

    /// Ends the server. The database goes with the value.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    /// A second server over the same database: another replica.
    pub async fn replica(&self) -> Replica {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let bind = listener.local_addr().unwrap().to_string();
        let pairs = [
            ("DATABASE_URL", self.database.url.as_str()),
            ("BIND", bind.as_str()),
            ("PUBLIC_URL", self.base.as_str()),
        ];
        let ctx = bootstrap::open(config(&pairs), self.clock.clone()).await.unwrap();
        let server = portcullis::app::serve(&ctx, listener).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Replica { base: format!("http://{bind}"), server: handle }
    }

    /// The URL of a path of ours.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The MCP resource.
    pub fn resource(&self) -> String {
        self.url("/mcp")
    }

    /// The host and port we are known under.
    pub fn host(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// A signed-in person.
    pub async fn signed_in(&self, person: Person) -> Browser {
        let browser = self.anonymous();
        browser.sign_in(person.email, PASSWORD).await;
        browser
    }

    /// A signed-in administrator.
    pub async fn admin(&self) -> Browser {
        self.signed_in(ADMIN).await
    }

    /// A signed-in member.
    pub async fn member(&self) -> Browser {
        self.signed_in(MEMBER).await
    }

    /// A client that the member has just connected, with these scopes.
    pub async fn ai_client(&self, scopes: &str) -> AiClient {
        self.ai_client_of(MEMBER, scopes).await
    }

    /// A client that this person has just connected.
    pub async fn ai_client_of(&self, person: Person, scopes: &str) -> AiClient {
        AiClient::connect(self, person, scopes).await
    }

    /// The person's id.
    pub async fn id_of(&self, person: Person) -> UserId {
        people::by_address(&self.ctx, person.email).await.unwrap().id
    }

    /// The administrator as the log names them.
    pub async fn admin_actor(&self) -> Actor {
        Actor {
            user: Some(self.id_of(ADMIN).await),
            label: ADMIN.email.into(),
            address: None,
            request_id: None,
            reason: None,
        }
    }

    /// The person's tokens, newest first.
    pub async fn tokens_of(&self, person: Person) -> Vec<TokenRow> {
        let user = self.id_of(person).await;
        connections::tokens_of(&self.ctx, user).await.unwrap()
    }

    /// The person's newest token.
    pub async fn newest_token_of(&self, person: Person) -> TokenId {
        self.tokens_of(person).await.first().unwrap().id
    }

    /// Turns MCP access on or off the way the console does: the administrator's own password.
    pub async fn set_access(&self, person: Person, enabled: bool) {
        let actor = self.admin_actor().await;
        let proof = login::reconfirm(&self.ctx, &actor, PASSWORD).await.unwrap();
        let user = self.id_of(person).await;
        access::set(&self.ctx, &actor, Authority::Password(proof), user, enabled).await.unwrap();
    }

    /// Changes a setting, as the console will.
    pub async fn set(&self, name: &'static str, value: &str) {
        let value = value.to_owned();
        self.ctx
            .db
            .write(move |conn| {
                settings::set(conn, name, &value)?;
                settings::bump(conn)?;
                Ok(())
            })
            .await
            .unwrap();
    }

    /// Runs a statement: for states that nothing in the product leads to yet.
    pub async fn sql(&self, sql: impl Into<String>) {
        let sql = sql.into();
        self.ctx
            .db
            .write(move |conn| Ok(diesel::sql_query(&sql).execute(conn).map(|_| ())?))
            .await
            .unwrap();
    }

    /// A number from the database.
    pub async fn count(&self, sql: impl Into<String>) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Number {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            number: i64,
        }
        let sql = format!("SELECT CAST(({}) AS BIGINT) AS number", sql.into());
        self.ctx
            .db
            .read(move |conn| Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.number))
            .await
            .unwrap()
    }
}

/// Another server over the same database.
pub struct Replica {
    pub base: String,
    server: ServerHandle,
}

impl Replica {
    /// Ends it.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}
