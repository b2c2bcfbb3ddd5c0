//! Writing all that searches go through anew: after an update to a version that has it, and after
//! rows came in by another way than an import.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::db::{Conn, Db, sample, words};
use crate::domain::facet::{Facet, kind};
use crate::domain::words::VERSION;
use crate::error::Result;
use crate::store::{entries, facets};

/// Rows of one transaction.
const BATCH: i64 = 5_000;
/// One part of so many of the index must be others for what is kept of the whole to be made anew.
const WORTH_IT: u64 = 10;

/// Writes the search index if rows are there that it does not know, or if its words were made in
/// another way, and sees to how it is kept.
///
/// # Errors
/// When the database refuses.
pub async fn complete(db: &Db) -> Result<()> {
    if !db.read(|conn| Ok(words::is_tuned(conn)?)).await? {
        db.write(|conn| Ok(words::tune(conn)?)).await?;
    }
    let is_right = |conn: &mut Conn| {
        Ok(entries::are_complete(conn)? && facets::is_known(conn, &of_our_words())?)
    };
    if !db.read(is_right).await? {
        if db.read(|conn| Ok(entries::count(conn)?)).await? > 0 {
            log::info!("writing the search index; large indexes take some minutes");
        }
        rebuild(db, &|_, _| ()).await?;
    }
    Ok(())
}

/// What says in the database that all words are made in the way of this version.
fn of_our_words() -> Facet {
    Facet::new(kind::WORDS, VERSION)
}

/// Writes the search index anew, a batch a transaction; it may be stopped and run again, and
/// searches find meanwhile what they found before. `done` is told how many entries of how many are
/// written. Returns how many there are.
///
/// # Errors
/// When the database refuses.
pub async fn rebuild(db: &Db, done: &(dyn Fn(u64, u64) + Sync)) -> Result<u64> {
    let mut after = 0;
    while let Some(last) =
        db.write(move |conn| Ok(entries::place_contacts(conn, after, BATCH)?)).await?
    {
        after = last;
    }
    rewrite(db, done).await
}

/// Lets the database know what it has after `written` rows of the index came to be others, if they
/// are many.
///
/// # Errors
/// When the database refuses.
pub async fn analyze_after(db: &Db, written: u64) -> Result<()> {
    let all = db.read(|conn| Ok(entries::count(conn)?)).await?;
    if written == 0 || written < all / WORTH_IT {
        return Ok(());
    }
    db.write(|conn| Ok(words::analyze(conn)?)).await
}

/// Brings the pieces together that the words are kept in, as far as it is worth it. An import leaves
/// many; searches find the same in them, but go through each.
///
/// # Errors
/// When the database refuses.
pub async fn tidy(db: &Db) -> Result<()> {
    match worth_merging(&db.read(|conn| Ok(words::pieces(conn)?)).await?) {
        Some(whole) => merge(db, whole).await,
        None => Ok(()),
    }
}

/// Whether pieces of these sizes are to be made one (true), or the small ones fewer (false). To make
/// all of them one takes as long as to write all of them.
fn worth_merging(pieces: &[i64]) -> Option<bool> {
    let (all, largest) = (pieces.iter().sum::<i64>(), pieces.iter().max().copied()?);
    (pieces.len() > 1).then_some((all - largest).unsigned_abs() >= all.unsigned_abs() / WORTH_IT)
}

async fn merge(db: &Db, whole: bool) -> Result<()> {
    let mut takes_all = whole;
    while db.write(move |conn| Ok(words::merge(conn, takes_all)?)).await? {
        takes_all = false;
    }
    Ok(())
}

/// Adds a large invented index, on SQLite.
///
/// # Errors
/// When it is there already.
pub async fn add_sample(db: &Db, stores: u32, now: Timestamp) -> Result<()> {
    db.write(move |conn| Ok(sample::fill(conn, stores, now.0)?)).await?;
    rewrite(db, &|_, _| ()).await.map(|_| ())
}

/// Writes the entries anew, with every contact under its own already.
async fn rewrite(db: &Db, done: &(dyn Fn(u64, u64) + Sync)) -> Result<u64> {
    let all = db.read(|conn| Ok(entries::wanted(conn)?)).await?;
    let (mut after, mut written) = (i64::MIN, 0);
    while let Some((last, more)) =
        db.write(move |conn| Ok(entries::rewrite_after(conn, after, BATCH)?)).await?
    {
        after = last;
        written += more;
        done(written, all.max(written));
    }
    db.write(|conn| {
        let label = "How the words are made".to_owned();
        Ok(facets::ensure(conn, &BTreeMap::from([(of_our_words(), label)]))?)
    })
    .await?;
    db.write(|conn| Ok(words::analyze(conn)?)).await?;
    merge(db, true).await?;
    Ok(written)
}
