//! What a database needs before the first request: migrations, built-in roles, a signing key, and
//! the one-time setup link while there is nobody.

use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::{Conn, Db, migrate};
use crate::domain::access::BUILT_IN_ROLES;
use crate::error::{Error, Result};
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::{Ctx, clients, index, keys};
use crate::store::{links, roles, users};

/// The purpose of the setup link.
pub(crate) const SETUP_PURPOSE: &str = "setup";
/// How long a setup link works, seconds.
const SETUP_SECONDS: i64 = 24 * 3600;

/// Opens the database, brings it to this version's schema and makes what is missing.
///
/// # Errors
/// When the database cannot be reached or migrated, or was made under another secret.
pub async fn open(config: Config, clock: Clock) -> Result<Ctx> {
    let ctx = open_sealed(config, clock).await?;
    // First: a key that cannot be opened is told at the start, not to the first client.
    keys::maintain(&ctx).await?;
    clients::adopt_all(&ctx).await?;
    Ok(ctx)
}

/// The same without anything that needs the secret: also where that was lost, or whoever revokes
/// does not have it.
///
/// # Errors
/// When the database cannot be reached or migrated.
pub async fn open_sealed(config: Config, clock: Clock) -> Result<Ctx> {
    let db = Db::open(&config.database_url, config.database_pool_size)?;
    let applied = db.maintain(migrate::run).await?;
    for name in &applied {
        log::info!("migrated the database: {name}");
    }
    index::complete(&db).await?;
    let ctx = Ctx::new(config, db, clock)?;
    ctx.db.write(update_roles).await?;
    Ok(ctx)
}

/// A fresh setup link while there is no user; earlier ones stop working.
///
/// # Errors
/// When the database cannot answer.
pub async fn setup_link(ctx: &Ctx) -> Result<Option<String>> {
    let now = ctx.clock.now();
    let secret = PlainSecret::generate(SecretKind::Handle);
    let hash = secret.hash();
    let is_open = ctx
        .db
        .write(move |conn| {
            if users::any(conn)? {
                return Ok(false);
            }
            links::delete_of_purpose(conn, SETUP_PURPOSE)?;
            links::insert(conn, &hash, SETUP_PURPOSE, now, now.plus_seconds(SETUP_SECONDS))?;
            Ok(true)
        })
        .await?;
    Ok(is_open.then(|| ctx.config.url(&format!("/setup?link={}", secret.expose()))))
}

/// Whether nobody has been added yet.
///
/// # Errors
/// When the database cannot answer.
pub async fn is_unused(ctx: &Ctx) -> Result<bool> {
    ctx.db.glance(|conn| Ok(!users::any(conn)?)).await
}

/// Whether a presented setup link would work now.
///
/// # Errors
/// When the database cannot answer.
pub async fn is_setup_link_live(ctx: &Ctx, link: &PlainSecret) -> Result<bool> {
    let (hash, now): (_, Timestamp) = (link.hash(), ctx.clock.now());
    ctx.db
        .read(
            move |conn| Ok(!users::any(conn)? && links::is_live(conn, &hash, SETUP_PURPOSE, now)?),
        )
        .await
}

/// The rows come with the schema; what they allow is this version's.
fn update_roles(conn: &mut Conn) -> Result<()> {
    for role in BUILT_IN_ROLES {
        let permissions = serde_json::to_string(role.permissions).map_err(Error::internal)?;
        let tools = serde_json::to_string(&role.tools()).map_err(Error::internal)?;
        roles::update_built_in(conn, role.name, role.description, &permissions)?;
        roles::update_tools(conn, role.name, &tools)?;
    }
    Ok(())
}
