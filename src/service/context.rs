//! What every use case has at hand, and the state that replicas re-read when it changes.

use std::sync::{Arc, RwLock};

use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Conn, Db};
use crate::domain::settings::Settings;
use crate::error::{Error, Result};
use crate::service::free_calls::FreeCalls;
use crate::service::hasher::Hasher;
use crate::service::import::upload::Turn;
use crate::service::keyring::Keyring;
use crate::service::metadata_document::DocumentFetcher;
use crate::service::metrics::Metrics;
use crate::service::strangers::Budget;
use crate::service::verify::SignatureCache;
use crate::store;

/// The state of the server. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// Configuration.
    pub config: Arc<Config>,
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Password hashing.
    pub(crate) hasher: Hasher,
    /// Verified signatures.
    pub(crate) signatures: SignatureCache,
    /// The way to clients' metadata documents.
    pub(crate) documents: DocumentFetcher,
    /// What the server counts of itself.
    pub metrics: Metrics,
    /// Whose turn it is to import.
    pub(crate) uploads: Turn,
    /// Rows that calls of strangers may still fill.
    pub(crate) strangers: Arc<Budget>,
    /// Calls of this minute that cost nothing.
    pub(crate) free_calls: Arc<FreeCalls>,
    live: Arc<RwLock<Option<Arc<Live>>>>,
}

/// Settings and keys as of one version.
#[derive(Debug)]
pub struct Live {
    /// The version they were read at.
    pub version: i64,
    /// The settings.
    pub settings: Settings,
    /// The signing keys.
    pub keys: Keyring,
}

impl Ctx {
    /// The state of a server over an open, migrated database.
    ///
    /// # Errors
    /// Only by our own mistake.
    pub fn new(config: Config, db: Db, clock: Clock) -> Result<Self> {
        Ok(Self {
            config: Arc::new(config),
            db,
            metrics: Metrics::new(clock.now())?,
            clock,
            hasher: Hasher::new(),
            signatures: SignatureCache::new(),
            documents: DocumentFetcher::internet(),
            uploads: Turn::default(),
            strangers: Arc::default(),
            free_calls: Arc::default(),
            live: Arc::default(),
        })
    }

    /// The same, with metadata documents fetched another way.
    #[must_use]
    pub fn with_documents(self, documents: DocumentFetcher) -> Self {
        Self { documents, ..self }
    }

    /// The same, with another least number of calls that cost nothing.
    #[must_use]
    pub fn with_free_calls(self, free_calls: FreeCalls) -> Self {
        Self { free_calls: Arc::new(free_calls), ..self }
    }

    /// Settings and keys as they are now: the version is read from the database, the rest only
    /// when it grew, so that a change acts on the next request of every replica.
    ///
    /// # Errors
    /// When the database cannot answer, or a key cannot be opened.
    pub fn live(&self, conn: &mut Conn) -> Result<Arc<Live>> {
        let version = store::settings::version(conn)?;
        let known = self.live.read().map_err(Error::internal)?.clone();
        if let Some(live) = known.filter(|live| live.version == version) {
            return Ok(live);
        }
        let (settings, unreadable) = Settings::from_rows(&store::settings::all(conn)?);
        for name in unreadable {
            log::error!("setting {name} cannot be read; its default is used");
        }
        let keys = Keyring::load(conn, &self.config.secret)?;
        let live = Arc::new(Live { version, settings, keys });
        *self.live.write().map_err(Error::internal)? = Some(live.clone());
        Ok(live)
    }

    /// [`Self::live`] for callers that hold no connection.
    ///
    /// # Errors
    /// As [`Self::live`].
    pub async fn live_now(&self) -> Result<Arc<Live>> {
        let ctx = self.clone();
        self.db.glance(move |conn| ctx.live(conn)).await
    }
}
