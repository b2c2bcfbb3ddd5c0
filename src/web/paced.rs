//! Bodies that arrive too slowly end: whoever sends a byte now and then holds a connection, and
//! needs no token for it (ASVS 15.2.2; checklist A13).

use std::pin::Pin;
use std::time::{Duration, Instant};

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};

/// What every body may take, however small it is.
const GRACE: Duration = Duration::from_secs(30);
/// Bytes a second that a longer one must come with on the average: less than the slowest of mobile
/// networks, so that an import over one still arrives.
const SLOWEST: u64 = 8 * 1024;

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Gives the request a body that ends, broken, when it is slower than that.
pub(super) fn pace(request: &mut ServiceRequest) {
    let payload = request.take_payload();
    let payload = match payload {
        Payload::None => payload,
        payload => Payload::from(paced(payload, GRACE)),
    };
    request.set_payload(payload);
}

fn paced(
    body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
    grace: Duration,
) -> Body {
    let started = Instant::now();
    let body = stream::unfold(Some((body, 0_u64)), move |state| async move {
        let (mut body, received) = state?;
        let allowed = grace + Duration::from_secs(received / SLOWEST);
        let left = allowed.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, body.next()).await {
            Ok(Some(Ok(chunk))) => {
                let received = received + chunk.len() as u64;
                Some((Ok(chunk), Some((body, received))))
            }
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(PayloadError::Incomplete(None)), None)),
        }
    });
    Box::pin(body.fuse())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_body_that_never_ends_is_broken_off_and_a_quick_one_is_not() {
        let quick = stream::iter(["a", "b"]).map(|text| Ok(Bytes::from_static(text.as_bytes())));
        let mut body = paced(quick, GRACE);
        let quick: Vec<_> = body.by_ref().collect().await;
        assert!(body.next().await.is_none(), "whoever asks again is told again that it has ended");
        assert!(quick.len() == 2 && quick.iter().all(Result::is_ok));
        let first = stream::once(std::future::ready(Ok(Bytes::from_static(b"a"))));
        let slow: Vec<_> = paced(first.chain(stream::pending()), Duration::ZERO).collect().await;
        assert!(matches!(slow.last(), Some(Err(PayloadError::Incomplete(None)))));
    }
}
