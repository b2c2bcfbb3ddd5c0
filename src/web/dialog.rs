//! Forms that the console's script sends from an open dialog (`static/app.js`): it cannot see where a
//! redirect leads without following it, and what is followed takes the word of what was done with it.

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};

/// The header of such a form. A foreign site cannot set it.
pub const HEADER: &str = "X-Portcullis-Dialog";

/// Makes 204 of a redirect, with its `Location` kept, where the script sent the form.
pub(super) fn tell_place<B: MessageBody>(response: &mut ServiceResponse<B>) {
    let request = response.request();
    let is_asked = request.method() == Method::POST && request.headers().contains_key(HEADER);
    if is_asked && response.status() == StatusCode::SEE_OTHER {
        *response.response_mut().status_mut() = StatusCode::NO_CONTENT;
    }
}
