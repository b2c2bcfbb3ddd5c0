//! One look at one document, hostile until proven otherwise (checklist D21, D22).
//!
//! The connection is made by hand: the name is resolved once, every answer is checked, and one of
//! the checked addresses is connected to. There is no proxy, no cookie and no redirect because
//! nothing here knows how.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE,
    EXPIRES, HOST, HeaderMap, HeaderName, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::network::{Internet, Network};
use crate::domain::freshness::CacheHeaders;
use crate::domain::metadata_document::DocumentUrl;
use crate::domain::special_use::is_special_use;

/// The largest document, bytes.
const LARGEST: usize = 5 * 1024;
/// The most that an answer's head may take, bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// A fetch takes no longer, from the name to the last byte.
const DEADLINE: Duration = Duration::from_secs(5);
/// Fetches at the same time.
const AT_ONCE: usize = 8;
/// Addresses of a host that are tried.
const ADDRESSES_TRIED: usize = 3;

/// A document as it came.
#[derive(Debug)]
pub(super) struct Fetched {
    pub body: Bytes,
    pub cache: CacheHeaders,
}

/// Why nothing came. For the log only: whoever asked must not learn how our network looks.
#[derive(Debug)]
pub(super) struct NotFetched(String);

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn because<E: fmt::Display>(what: &'static str) -> impl FnOnce(E) -> NotFetched {
    move |cause| NotFetched(format!("{what}: {cause}"))
}

fn refuse<T>(why: impl Into<String>) -> Result<T, NotFetched> {
    Err(NotFetched(why.into()))
}

/// Fetches documents. Cheap to clone.
#[derive(Clone)]
pub struct DocumentFetcher(Arc<Inner>);

struct Inner {
    network: Box<dyn Network>,
    roots: Arc<RootCertStore>,
    deadline: Duration,
    places: Semaphore,
    turns: Mutex<HashMap<String, Weak<Turn<()>>>>,
}

impl DocumentFetcher {
    /// From the internet, trusting the usual authorities.
    pub(in crate::service) fn internet() -> Self {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self::over(Internet, roots, DEADLINE)
    }

    /// Over another network, trusting other authorities, with another deadline; everything else is
    /// as strict as ever.
    pub fn over(network: impl Network + 'static, roots: RootCertStore, deadline: Duration) -> Self {
        Self(Arc::new(Inner {
            network: Box::new(network),
            roots: Arc::new(roots),
            deadline,
            places: Semaphore::new(AT_ONCE),
            turns: Mutex::default(),
        }))
    }

    /// Waits until nobody else here fetches this document; whoever comes second then finds it kept.
    pub(super) async fn turn(&self, url: &DocumentUrl) -> Result<OwnedMutexGuard<()>, NotFetched> {
        let turn = {
            let mut turns = self.0.turns.lock().map_err(because("turns"))?;
            turns.retain(|_, turn| turn.strong_count() > 0);
            let running = turns.get(url.as_str()).and_then(Weak::upgrade);
            running.unwrap_or_else(|| {
                let turn = Arc::new(Turn::new(()));
                turns.insert(url.as_str().to_owned(), Arc::downgrade(&turn));
                turn
            })
        };
        timeout(self.0.deadline, turn.lock_owned()).await.map_err(because("waiting for another"))
    }

    /// Fetches it.
    pub(super) async fn fetch(&self, url: &DocumentUrl) -> Result<Fetched, NotFetched> {
        timeout(self.0.deadline, self.0.attempt(url)).await.map_err(because("too slow"))?
    }
}

impl Inner {
    async fn attempt(&self, url: &DocumentUrl) -> Result<Fetched, NotFetched> {
        let _place = self.places.acquire().await.map_err(because("no place"))?;
        let addresses = self.addresses(url.host()).await?;
        let stream = self.connect(&addresses).await?;
        let stream = self.secure(stream, url.host()).await?;
        exchange(stream, url).await
    }

    /// The addresses of a host; none of them may be of special use, or somebody is playing.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NotFetched> {
        let addresses = self.network.resolve(host).await.map_err(because("not resolved"))?;
        if addresses.is_empty() {
            return refuse("no address");
        }
        match addresses.iter().find(|address| is_special_use(**address)) {
            Some(address) => refuse(format!("{address} is not of the public internet")),
            None => Ok(addresses),
        }
    }

    /// A connection to the first of these that answers, and to nothing else.
    async fn connect(&self, addresses: &[IpAddr]) -> Result<TcpStream, NotFetched> {
        let tried = u32::try_from(addresses.len().clamp(1, ADDRESSES_TRIED));
        let patience = self.deadline / tried.map_err(because("addresses"))?;
        let mut failed = NotFetched("no address".into());
        for address in addresses.iter().take(ADDRESSES_TRIED) {
            let address = SocketAddr::new(*address, 443);
            match timeout(patience, self.network.connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(cause)) => failed = because("not connected")(cause),
                Err(cause) => failed = because("not connected")(cause),
            }
        }
        Err(failed)
    }

    async fn secure(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>, NotFetched> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(because("TLS"))?
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(because("TLS name"))?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(because("TLS"))
    }
}

/// Asks for the document over a connection that is used for nothing else.
async fn exchange(stream: TlsStream<TcpStream>, url: &DocumentUrl) -> Result<Fetched, NotFetched> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(because("HTTP"))?;
    // Ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::get(url.target())
        .header(HOST, url.host())
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(USER_AGENT, concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(because("HTTP"))?;
    let answer = sender.send_request(request).await.map_err(because("HTTP"))?;
    check_head(&answer)?;
    let cache = CacheHeaders {
        cache_control: joined(answer.headers(), CACHE_CONTROL),
        age: joined(answer.headers(), AGE),
        expires: joined(answer.headers(), EXPIRES),
    };
    // Counted while it comes, whatever the length it announced.
    let body = Limited::new(answer.into_body(), LARGEST).collect().await;
    Ok(Fetched { body: body.map_err(because("body"))?.to_bytes(), cache })
}

fn check_head(answer: &Response<Incoming>) -> Result<(), NotFetched> {
    if answer.status() != StatusCode::OK {
        return refuse(format!("status {}", answer.status()));
    }
    let headers = answer.headers();
    if joined(headers, CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return refuse("the body is encoded");
    }
    let kind = joined(headers, CONTENT_TYPE).and_then(|text| text.parse::<mime::Mime>().ok());
    let is_json = kind.is_some_and(|kind| {
        kind.type_() == mime::APPLICATION
            && (kind.subtype() == mime::JSON || kind.suffix() == Some(mime::JSON))
    });
    if is_json { Ok(()) } else { refuse("the body is not JSON by its type") }
}

/// A header's values, joined with commas (RFC 9110 §5.3).
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}
