//! Password hashing on a pool of its own, so that sign-ins cannot starve the endpoint. Argon2id
//! with the parameters of its crate's defaults (19 MiB, 2 passes: OWASP's minimum).

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Hashes computed at the same time.
const AT_ONCE: usize = 2;
/// Hashes waiting; more and the caller is told that the server is busy.
const WAITING: usize = 64;

/// Hashes and checks passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| Error::unavailable("too many passwords waiting"))?;
        let _turn = self.running.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(job).await.map_err(Error::internal)
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.run(move || hash_blocking(&password)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash the same work is done and the
    /// answer is no, so that time does not tell whether a user exists.
    pub(crate) async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password = password.to_owned();
        self.run(move || match hash.as_deref().map(PasswordHash::new) {
            Some(Ok(parsed)) => {
                Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
            }
            _ => {
                // The result is of no interest, only the time it takes.
                let _ = hash_blocking(&password);
                false
            }
        })
        .await
    }
}

fn hash_blocking(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(Error::internal)
}
