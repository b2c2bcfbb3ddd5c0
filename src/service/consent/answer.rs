//! Where the browser goes with the answer: the client's redirect URI with our parameters in it.

use super::Request;
use crate::domain::oauth_error::{OAuthError, OAuthErrorCode};
use crate::error::Result;
use crate::service::Ctx;

/// Where a refused person may send the browser back to.
///
/// # Errors
/// When the stored URI is no URI, which the checks exclude.
pub fn denied_location(ctx: &Ctx, request: &Request) -> Result<String> {
    error_location(ctx, request, OAuthErrorCode::AccessDenied, "the request was denied")
}

/// Where the browser goes with an error about a request that passed the checks.
///
/// # Errors
/// When the stored URI is no URI, which the checks exclude.
pub fn error_location(
    ctx: &Ctx,
    request: &Request,
    code: OAuthErrorCode,
    description: &'static str,
) -> Result<String> {
    let error = OAuthError::new(code, description);
    refusal(ctx, &request.redirect_uri, request.state.as_deref(), &error)
}

/// Where the browser goes with an error.
pub(super) fn refusal(
    ctx: &Ctx,
    redirect_uri: &str,
    state: Option<&str>,
    error: &OAuthError,
) -> Result<String> {
    let help = ctx.config.help_url(error.code.as_str());
    location(
        ctx,
        redirect_uri,
        state,
        &[
            ("error", error.code.as_str()),
            ("error_description", &error.description),
            ("error_uri", &help),
        ],
    )
}

/// The redirect URI with the answer, the client's `state` and our `iss` (RFC 9207) added to
/// whatever query it has.
pub(super) fn location(
    ctx: &Ctx,
    redirect_uri: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> Result<String> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", &ctx.config.public_url);
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    Ok(format!("{redirect_uri}{joint}{}", query.finish()))
}
