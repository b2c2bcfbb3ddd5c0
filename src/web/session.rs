//! Browser sessions: `actix-session` over the database, so that replicas share them and deleting a
//! row ends one at once (ASVS 7.4). The cookie holds a random key; the database its hash.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionExt, SessionMiddleware};
use actix_web::cookie::{Key, SameSite, time::Duration};
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::store::sessions::{self, Kept};
use crate::store::users::UserRow;
use crate::web::{address, typed};

/// A session ends after so long without use, seconds.
pub const IDLE_SECONDS: i64 = 12 * 3600;
/// A session ends so long after signing in, seconds.
pub const ABSOLUTE_SECONDS: i64 = 7 * 86_400;
/// How often use is written down, seconds.
const SEEN_EVERY_SECONDS: i64 = 300;

const USER: &str = "user";
/// Who gave the password and still owes a code: nobody yet, for every page but one.
const PENDING: &str = "pending";
const PENDING_SINCE: &str = "pending_since";
/// What tells with which password somebody signed in.
const PASSWORD: &str = "password";
/// How long a code is waited for, seconds.
const PENDING_SECONDS: i64 = 600;
const ID: &str = "id";
const SIGNED_IN_AT: &str = "signed_in_at";
const SEEN_AT: &str = "seen_at";
const USER_AGENT: &str = "user_agent";
const ADDRESS: &str = "address";
/// As much of what a browser calls itself as is kept.
const LONGEST_USER_AGENT: usize = 300;
/// Characters of a session's name on pages.
const HANDLE_LENGTH: usize = 22;

/// Sessions in the database.
#[derive(Clone)]
pub struct DatabaseSessions {
    ctx: Ctx,
}

type State = HashMap<String, String>;

/// What is kept of a session beside its content, so that its owner can recognise and end it.
struct Columns {
    user: Option<UserId>,
    text: String,
    handle: Option<String>,
    user_agent: Option<String>,
    address: Option<String>,
    seen_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Columns {
    fn of(state: &State, expires_at: Timestamp) -> Result<Self, serde_json::Error> {
        fn value<T: DeserializeOwned>(state: &State, name: &str) -> Option<T> {
            state.get(name).and_then(|text| serde_json::from_str(text).ok())
        }
        Ok(Self {
            // A sign-in that waits for its code ends with the sessions of its person, too.
            user: value(state, USER).or_else(|| value(state, PENDING)),
            text: serde_json::to_string(state)?,
            handle: value::<String>(state, ID).map(|id| handle(&PlainSecret::presented(id))),
            user_agent: value(state, USER_AGENT),
            address: value(state, ADDRESS),
            seen_at: value(state, SEEN_AT),
            expires_at,
        })
    }

    fn kept(&self) -> Kept<'_> {
        Kept {
            user: self.user,
            state: &self.text,
            handle: self.handle.as_deref(),
            user_agent: self.user_agent.as_deref(),
            address: self.address.as_deref(),
            seen_at: self.seen_at,
            expires_at: self.expires_at,
        }
    }
}

/// What a session with that id is called on pages: nothing that opens it, or a form of it.
pub fn handle(id: &PlainSecret) -> String {
    id.hash().0.chars().take(HANDLE_LENGTH).collect()
}

impl DatabaseSessions {
    fn end(&self, ttl: &Duration) -> Timestamp {
        self.ctx.clock.now().plus_seconds(ttl.whole_seconds())
    }
}

impl SessionStore for DatabaseSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (hash, now) = (PlainSecret::presented(key.as_ref()).hash(), self.ctx.clock.now());
        let state = self
            .ctx
            .db
            .read(move |conn| Ok(sessions::load(conn, &hash, now)?))
            .await
            .map_err(|error| LoadError::Other(error.into()))?;
        state
            .map(|text| {
                serde_json::from_str(&text)
                    .map_err(|error| LoadError::Deserialization(error.into()))
            })
            .transpose()
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = PlainSecret::generate(SecretKind::Handle);
        let columns = Columns::of(&state, self.end(ttl))
            .map_err(|error| SaveError::Serialization(error.into()))?;
        let (hash, now) = (key.hash(), self.ctx.clock.now());
        self.ctx
            .db
            .write(move |conn| Ok(sessions::insert(conn, &hash, &columns.kept(), now)?))
            .await
            .map_err(|error| SaveError::Other(error.into()))?;
        key.expose()
            .to_owned()
            .try_into()
            .map_err(|_| SaveError::Other(anyhow::anyhow!("session key")))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let columns = Columns::of(&state, self.end(ttl))
            .map_err(|error| UpdateError::Serialization(error.into()))?;
        let hash = PlainSecret::presented(key.as_ref()).hash();
        // A session that was ended meanwhile stays ended: the update then touches no row. What the
        // request did is done, and is told although this could not be kept: nothing in here opens
        // anything that was not open before.
        let update =
            self.ctx.db.write(move |conn| Ok(sessions::update(conn, &hash, &columns.kept())?));
        if let Err(error) = update.await {
            log::warn!("a session could not be updated: {error}");
        }
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        let (hash, end) = (PlainSecret::presented(key.as_ref()).hash(), self.end(ttl));
        let prolong = self.ctx.db.write(move |conn| Ok(sessions::prolong(conn, &hash, end)?));
        if let Err(error) = prolong.await {
            log::warn!("a session could not be prolonged: {error}");
        }
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let hash = PlainSecret::presented(key.as_ref()).hash();
        self.ctx.db.write(move |conn| Ok(sessions::delete(conn, &hash)?)).await?;
        Ok(())
    }
}

/// The session middleware.
pub fn middleware(ctx: &Ctx) -> SessionMiddleware<DatabaseSessions> {
    let is_https = ctx.config.is_https();
    let name = if is_https { "__Host-portcullis_session" } else { "portcullis_session" };
    SessionMiddleware::builder(
        DatabaseSessions { ctx: ctx.clone() },
        Key::from(&ctx.config.secret.cookie_key()),
    )
    .cookie_name(name.into())
    .cookie_secure(is_https)
    .cookie_http_only(true)
    .cookie_same_site(SameSite::Lax)
    .cookie_path("/".into())
    .cookie_content_security(CookieContentSecurity::Signed)
    .session_lifecycle(PersistentSession::default().session_ttl(Duration::seconds(IDLE_SECONDS)))
    .build()
}

/// Begins a session for a person who has just proved who they are, under a new key (ASVS 7.2.4).
///
/// # Errors
/// When the session cannot be kept.
pub fn begin(
    session: &Session,
    request: &HttpRequest,
    user: &UserRow,
    now: Timestamp,
) -> Result<()> {
    anew(session, user.id)?;
    let ctx = request.app_data::<web::Data<Ctx>>().ok_or_else(|| Error::internal("no state"))?;
    if let Some(caller) = address::caller(request.head(), &ctx.config.trusted_proxies) {
        session.insert(ADDRESS, caller.to_string()).map_err(Error::internal)?;
    }
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    if let Some(agent) = agent {
        let agent: String = agent.chars().take(LONGEST_USER_AGENT).collect();
        session.insert(USER_AGENT, agent).map_err(Error::internal)?;
    }
    let id = PlainSecret::generate(SecretKind::Handle);
    session.insert(USER, user.id).map_err(Error::internal)?;
    session.insert(PASSWORD, user.password_mark()).map_err(Error::internal)?;
    session.insert(ID, id.expose()).map_err(Error::internal)?;
    session.insert(SIGNED_IN_AT, now).map_err(Error::internal)?;
    session.insert(SEEN_AT, now).map_err(Error::internal)
}

/// Empties a session and gives it another key. Only what the same person typed before their last one
/// ended is taken along.
fn anew(session: &Session, user: UserId) -> Result<()> {
    let typed = typed::kept_for(session, user);
    session.clear();
    session.renew();
    typed.map_or(Ok(()), |typed| typed::put(session, typed))
}

/// Begins to wait for the code of a person who has just given their password. The session has no
/// user and no id, so that it opens nothing.
///
/// # Errors
/// When the session cannot be kept.
pub fn begin_pending(session: &Session, user: &UserRow, now: Timestamp) -> Result<()> {
    anew(session, user.id)?;
    session.insert(PENDING, user.id).map_err(Error::internal)?;
    session.insert(PASSWORD, user.password_mark()).map_err(Error::internal)?;
    session.insert(PENDING_SINCE, now).map_err(Error::internal)
}

/// Whose code is waited for, if it is not too late.
pub fn pending(session: &Session, now: Timestamp) -> Option<UserId> {
    let since: Timestamp = session.get(PENDING_SINCE).ok()??;
    if now >= since.plus_seconds(PENDING_SECONDS) {
        session.purge();
        return None;
    }
    session.get(PENDING).ok()?
}

/// The user of a session that is still good, noting its use now and then.
pub fn user(session: &Session, now: Timestamp) -> Option<UserId> {
    let user: UserId = session.get(USER).ok()??;
    let signed_in_at: Timestamp = session.get(SIGNED_IN_AT).ok()??;
    if now >= signed_in_at.plus_seconds(ABSOLUTE_SECONDS) {
        // Emptied, not taken away: what was typed into its last form is kept in it.
        session.clear();
        return None;
    }
    let seen_at: Option<Timestamp> = session.get(SEEN_AT).ok()?;
    if seen_at.is_none_or(|at| now >= at.plus_seconds(SEEN_EVERY_SECONDS))
        && let Err(error) = session.insert(SEEN_AT, now)
    {
        log::warn!("a session's use was not kept: {error}");
    }
    Some(user)
}

/// Whether the session was begun with the password that its person has now. Sessions end when a
/// password is changed; one whose sign-in was on its way then is not among them and ends here.
pub fn has_password_of(session: &Session, user: &UserRow) -> bool {
    let mark: Option<String> = session.get(PASSWORD).ok().flatten();
    mark.is_some_and(|mark| mark == user.password_mark())
}

/// When the person of a session signed in.
pub fn signed_in_at(request: &HttpRequest) -> Option<Timestamp> {
    request.get_session().get(SIGNED_IN_AT).ok()?
}

/// The session's own id, made at sign-in: what form tokens and authorization requests are bound to.
pub fn session_id(request: &HttpRequest) -> Option<PlainSecret> {
    request.get_session().get::<String>(ID).ok()?.map(PlainSecret::presented)
}
