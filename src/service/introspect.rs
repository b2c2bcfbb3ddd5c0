//! What a confidential client may learn of its own tokens (RFC 7662).

use crate::domain::access::UserStatus;
use crate::domain::grant::TokenStatus;
use crate::domain::scope::ScopeSet;
use crate::error::Result;
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::keyring::AccessClaims;
use crate::service::verify::{self, Principal};
use crate::store::clients::ClientRow;
use crate::store::refresh_tokens;

/// A token that works.
#[derive(Debug)]
pub enum Active {
    /// An access token with its claims.
    Access(Box<AccessClaims>, Box<Principal>),
    /// A refresh token.
    Refresh {
        /// The owner's `sub`.
        subject: String,
        /// What it can yield.
        scopes: ScopeSet,
        /// When it ends, seconds.
        expires: i64,
    },
}

/// Looks a token up; none when it does not work or is not this client's.
///
/// # Errors
/// When the database cannot answer.
pub async fn token(ctx: &Ctx, client: &ClientRow, token: PlainSecret) -> Result<Option<Active>> {
    let (state, client, now) = (ctx.clone(), client.clone(), ctx.clock.now());
    ctx.db
        .read(move |conn| {
            if token.expose().starts_with(SecretKind::RefreshToken.prefix()) {
                let row = refresh_tokens::presented(conn, &token.hash())?;
                return Ok(row
                    .filter(|row| {
                        row.client_id == client.id
                            && row.retired_at.is_none()
                            && TokenStatus::at(now, &row.state, row.expires_at)
                                == TokenStatus::Active
                            && row.consent_revoked_at.is_none()
                            && row.client_trust != "blocked"
                            && row.mcp_enabled
                            && UserStatus::from_stored(&row.user_status) == UserStatus::Active
                    })
                    .map(|row| Active::Refresh {
                        subject: row.subject,
                        scopes: ScopeSet::parse_known(&row.scopes)
                            .intersection(&ScopeSet::parse_known(&row.consent_scopes)),
                        expires: row.expires_at.seconds(),
                    }));
            }
            let live = state.live(conn)?;
            let Ok(principal) =
                verify::bearer(&state, conn, &live, token.expose(), &state.config.mcp_url)?
            else {
                return Ok(None);
            };
            if principal.client != Some(client.id) {
                return Ok(None);
            }
            let claims = live.keys.check_signature(token.expose());
            Ok(claims.map(|(claims, _)| Active::Access(Box::new(claims), Box::new(principal))))
        })
        .await
}
