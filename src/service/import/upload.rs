//! Imports of files that came through the console: the same import, on a thread of its own, with
//! bounds on what a file may hold, and with its rejected lines kept for a while.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::history::Past;
use super::{Begun, Format, Import, Limits, carry_out, history, table_of};
use crate::domain::audit::Actor;
use crate::domain::import::Entity;
use crate::error::{Error, Result};
use crate::ids::ImportId;
use crate::service::Ctx;
use crate::store::imports;

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;
/// The text of a file may be so many times the size a file may have: CSV packs about tenfold.
const UNPACKED: u64 = 8;
/// The most bytes of rejected lines.
const MOST_REJECTED: u64 = 64 * MIB;
/// Days for which rejected lines are kept.
pub const KEPT_DAYS: i64 = 7;

/// A file that came, and what to do with it.
#[derive(Debug)]
pub struct Upload {
    /// What the lines are.
    pub entity: Entity,
    /// Whether the first bad line stops everything.
    pub strict: bool,
    /// The file's name.
    pub name: String,
    /// What is in it, read from its beginning.
    pub content: File,
}

/// Whose turn it is to import in this process.
pub(crate) type Turn = Arc<Mutex<()>>;

/// The largest file taken, in bytes.
pub fn largest(ctx: &Ctx) -> u64 {
    ctx.config.import_upload_mib * MIB
}

/// The folder for files on their way in and for rejected lines; made if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn folder(ctx: &Ctx) -> Result<PathBuf> {
    let folder = ctx.config.data_folder.join("imports");
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(Error::internal)?;
    Ok(folder)
}

/// Begins the import of a file; it goes on when this has returned.
///
/// # Errors
/// `conflict` while another import runs.
pub async fn start(ctx: &Ctx, actor: &Actor, upload: Upload) -> Result<ImportId> {
    let rejects = format!("{}.jsonl", uuid::Uuid::new_v4().simple());
    let import = Import {
        entity: upload.entity,
        format: Format::of_name(&upload.name),
        strict: upload.strict,
        rejects: folder(ctx)?.join(&rejects),
        limits: Some(Limits { text: largest(ctx) * UNPACKED, rejects: MOST_REJECTED }),
        name: upload.name,
    };
    let id = history::begin(&ctx.db, &ctx.clock, actor, &import, Some(rejects)).await?;
    let begun = Begun { id, actor: actor.clone(), import };
    // Waits only for an import that has been given up already.
    let turn = ctx.uploads.clone().lock_owned().await;
    let (here, content) = (ctx.clone(), upload.content);
    // Threads that serve are not for long work, and end with the server before it is done.
    std::thread::Builder::new()
        .name("import".into())
        .spawn(move || work(&here, begun, content, &turn))
        .map_err(Error::internal)?;
    Ok(id)
}

fn work(ctx: &Ctx, begun: Begun, content: File, _turn: &OwnedMutexGuard<()>) {
    let id = begun.id;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let done = runtime.map_err(Error::internal).and_then(|runtime| {
        let input = Box::new(content);
        runtime.block_on(carry_out(&ctx.db, &ctx.clock, begun, input, &|_, _| {}))
    });
    match done {
        Ok(report) => log::info!("import {id}: {} read, {} rejected", report.read, report.rejected),
        Err(error) => log::warn!("import {id}: {error}"),
    }
}

/// Waits until no uploaded file is being imported by this process.
pub async fn settle(ctx: &Ctx) {
    drop(ctx.uploads.lock().await);
}

/// The rejected lines of an import, as rows where the file was CSV.
///
/// # Errors
/// `not_found` where it has none, or they are gone.
pub async fn rejects(ctx: &Ctx, import: ImportId) -> Result<(File, Format)> {
    const GONE: &str = "The rejected lines of this import are not here. They are kept for 7 days, by the server that took the file.";
    let past = history::one(ctx, import).await?;
    let name = Some(&past).filter(|past| past.has_rejects()).and_then(name_of);
    let path = folder(ctx)?.join(name.ok_or_else(|| Error::not_found(GONE))?);
    if let Ok(rows) = File::open(table_of(&path)) {
        return Ok((rows, Format::Csv));
    }
    let lines = File::open(path).map_err(|_| Error::not_found(GONE))?;
    Ok((lines, Format::JsonLines))
}

fn name_of(past: &Past) -> Option<&str> {
    past.row.rejects.as_deref()
}

/// Removes rejected lines whose time is over.
///
/// # Errors
/// When the database cannot answer.
pub async fn purge(ctx: &Ctx) -> Result<()> {
    let before = ctx.clock.now().plus_seconds(-KEPT_DAYS * 86_400);
    let old = ctx.db.read(move |conn| Ok(imports::rejects_before(conn, before)?)).await?;
    for (import, name) in old {
        if let Some(name) = name
            && let Err(error) = remove(&folder(ctx)?.join(name))
        {
            // It stays in the list and is tried again.
            log::warn!("rejected lines of import {import} cannot be removed: {error}");
            continue;
        }
        ctx.db.write(move |conn| Ok(imports::forget_rejects(conn, import)?)).await?;
    }
    Ok(())
}

/// Removes rejected lines and what repeats them as rows.
fn remove(lines: &Path) -> std::io::Result<()> {
    for path in [table_of(lines), lines.to_owned()] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
