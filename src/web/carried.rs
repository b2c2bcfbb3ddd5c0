//! A request that has begun is carried to its end, whether or not somebody still waits for the
//! answer: what was looked up is counted, what was refused is written down, what was begun is
//! finished. Whoever hangs up gets out of none of it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorServiceUnavailable;
use actix_web::middleware::Next;
use actix_web::rt;

/// Where hanging up means something: it ends the call, which is written down as that
/// (`service::calls::Line`).
const NOTICES: &str = "/mcp";

/// The middleware. The server drops what works on a request when the connection is gone; a task of
/// its own it leaves alone. A body that does not arrive ends there too (`web::paced`).
///
/// # Errors
/// Those of the request; or that the server stops.
pub async fn carried(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<impl MessageBody + 'static>> {
    if request.path() == NOTICES {
        return next.call(request).await;
    }
    match rt::spawn(next.call(request)).await {
        Ok(answer) => answer,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(ErrorServiceUnavailable("The server is stopping.")),
        },
    }
}
