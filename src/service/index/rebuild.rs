//! Writing all that searches go through anew: after an update to a version that has it, and after
//! rows came in by another way than an import.

use crate::clock::Timestamp;
use crate::db::{Db, sample, words};
use crate::error::Result;
use crate::store::entries;

/// Rows of one transaction.
const BATCH: i64 = 5_000;

/// Writes the search index if rows are there that it does not know.
///
/// # Errors
/// When the database refuses.
pub async fn complete(db: &Db) -> Result<()> {
    if !db.read(|conn| Ok(entries::are_complete(conn)?)).await? {
        log::info!("writing the search index; large indexes take some minutes");
        rebuild(db, &|_| ()).await?;
    }
    Ok(())
}

/// Writes the search index anew, a batch a transaction; it may be stopped and run again. `done` is
/// told how many entries are written.
///
/// # Errors
/// When the database refuses.
pub async fn rebuild(db: &Db, done: &(dyn Fn(u64) + Sync)) -> Result<()> {
    let mut after = 0;
    while let Some(last) =
        db.write(move |conn| Ok(entries::place_contacts(conn, after, BATCH)?)).await?
    {
        after = last;
    }
    rewrite(db, done).await
}

/// Adds a large invented index, on SQLite.
///
/// # Errors
/// When it is there already.
pub async fn add_sample(db: &Db, stores: u32, now: Timestamp) -> Result<()> {
    db.write(move |conn| Ok(sample::fill(conn, stores, now.0)?)).await?;
    rewrite(db, &|_| ()).await
}

/// Writes the entries anew, with every contact under its own already.
async fn rewrite(db: &Db, done: &(dyn Fn(u64) + Sync)) -> Result<()> {
    let (mut after, mut written) = (i64::MIN, 0);
    while let Some(last) =
        db.write(move |conn| Ok(entries::rewrite_after(conn, after, BATCH)?)).await?
    {
        after = last;
        written += BATCH.unsigned_abs();
        done(written);
    }
    db.write(|conn| Ok(words::tidy(conn)?)).await
}
