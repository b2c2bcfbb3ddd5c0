//! Clients that name themselves by the URL of their metadata document
//! (draft-ietf-oauth-client-id-metadata-document): those of the shipped table.

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::known_clients;
use crate::domain::lookalike::Lookalike;
use crate::domain::settings::MetadataDocuments;
use crate::error::Result;
use crate::service::Ctx;
use crate::store::client_groups;
use crate::store::clients::{self, ClientRow, ShippedClient};

/// The client of a document, kept like a registered one from its first use on; none when the
/// document is not in the table or documents are switched off.
///
/// # Errors
/// When the database cannot answer.
pub async fn find(ctx: &Ctx, client_id: &str) -> Result<Option<ClientRow>> {
    let Some(known) = known_clients::find(client_id) else { return Ok(None) };
    if ctx.live_now().await?.settings.metadata_documents == MetadataDocuments::Off {
        return Ok(None);
    }
    let now = ctx.clock.now();
    ctx.db.write(move |conn| keep(conn, known, now)).await
}

fn keep(
    conn: &mut Conn,
    known: &known_clients::KnownClient,
    now: Timestamp,
) -> Result<Option<ClientRow>> {
    let redirect_uris = known.redirect_uris.join("\n");
    let alike = Lookalike::of("metadata_document", known.client_id, known.name, &redirect_uris);
    let shipped = ShippedClient {
        group: client_groups::keep(conn, &alike)?,
        client_id: known.client_id,
        name: known.name,
        redirect_uris: &redirect_uris,
    };
    clients::keep(conn, &shipped, now)?;
    Ok(clients::by_client_id(conn, known.client_id)?)
}
