//! Bodies that arrive too slowly end: whoever sends a byte now and then holds a connection, and
//! needs no token for it (ASVS 15.2.2; checklist A13). And a body that is late is known to be: what
//! was judged by the headers may hold no longer when it has come.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};

/// What every body may take, however small it is.
const GRACE: Duration = Duration::from_secs(30);
/// Bytes a second that a longer one must come with on the average: less than the slowest of mobile
/// networks, so that an import over one still arrives.
const SLOWEST: u64 = 8 * 1024;

/// A body as actix-web takes one.
pub(super) type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Whether somebody who read the body had to wait for it.
#[derive(Debug, Clone, Default)]
struct Late(Rc<Cell<bool>>);

/// Whether whoever read the body of this request had to wait for it. Whoever was let in before they
/// began is to be judged again: a person who revokes means what is still on its way, too.
pub fn came_late(request: &impl HttpMessage) -> bool {
    request.extensions().get::<Late>().is_some_and(|late| late.0.get())
}

/// Gives the request a body that ends, broken, when it is slower than that.
pub(super) fn pace(request: &mut ServiceRequest) {
    let payload = request.take_payload();
    let late = Late::default();
    let payload = match payload {
        Payload::None => payload,
        payload => Payload::from(paced(payload, GRACE, late.clone())),
    };
    request.extensions_mut().insert(late);
    request.set_payload(payload);
}

fn paced(
    body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
    grace: Duration,
    late: Late,
) -> Body {
    let started = Instant::now();
    let body = stream::unfold(Some((body, 0_u64)), move |state| {
        let late = late.clone();
        async move {
            let (mut body, received) = state?;
            let next = match body.next().now_or_never() {
                Some(next) => Ok(next),
                None => {
                    late.0.set(true);
                    let allowed = grace + Duration::from_secs(received / SLOWEST);
                    let left = allowed.saturating_sub(started.elapsed());
                    tokio::time::timeout(left, body.next()).await
                }
            };
            match next {
                Ok(Some(Ok(chunk))) => {
                    let received = received + chunk.len() as u64;
                    Some((Ok(chunk), Some((body, received))))
                }
                Ok(Some(Err(error))) => Some((Err(error), None)),
                Ok(None) => None,
                Err(_) => Some((Err(PayloadError::Incomplete(None)), None)),
            }
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
        let late = Late::default();
        let mut body = paced(quick, GRACE, late.clone());
        let quick: Vec<_> = body.by_ref().collect().await;
        assert!(body.next().await.is_none(), "whoever asks again is told again that it has ended");
        assert!(quick.len() == 2 && quick.iter().all(Result::is_ok));
        assert!(!late.0.get(), "nobody had to wait");
        let first = stream::once(std::future::ready(Ok(Bytes::from_static(b"a"))));
        let body = paced(first.chain(stream::pending()), Duration::ZERO, late.clone());
        let slow: Vec<_> = body.collect().await;
        assert!(matches!(slow.last(), Some(Err(PayloadError::Incomplete(None)))));
        assert!(late.0.get());
    }
}
