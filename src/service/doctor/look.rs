//! One look at an address of ours, the way a client looks: by its public name, over TLS where it is
//! https, following nothing.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Position, Url};

/// The largest document, bytes.
const LARGEST: usize = 64 * 1024;
/// How long a look takes at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing was seen.
#[derive(Debug)]
pub(super) enum NotSeen {
    /// Name, connection, TLS or HTTP.
    NoConnection(String),
    /// Another status than 200.
    Status(StatusCode),
}

fn because<E: Display>(what: &'static str) -> impl FnOnce(E) -> NotSeen {
    move |cause| NotSeen::NoConnection(format!("{what}: {cause}"))
}

/// What is at `url`.
pub(super) async fn at(url: &str) -> Result<Bytes, NotSeen> {
    timeout(PATIENCE, look(url)).await.map_err(because("too slow"))?
}

async fn look(url: &str) -> Result<Bytes, NotSeen> {
    let url = Url::parse(url).map_err(because("address"))?;
    let host = url.host_str().ok_or_else(|| NotSeen::NoConnection("no host".into()))?;
    let port = url.port_or_known_default().unwrap_or(443);
    // The brackets of an IPv6 address belong to the URL only.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, port)).await.map_err(because("connection"))?;
    if url.scheme() != "https" {
        return ask(stream, &url).await;
    }
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(because("TLS"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).map_err(because("TLS name"))?;
    let connector = TlsConnector::from(Arc::new(config));
    ask(connector.connect(name, stream).await.map_err(because("TLS"))?, &url).await
}

async fn ask<S>(stream: S, url: &Url) -> Result<Bytes, NotSeen>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(because("HTTP"))?;
    // Ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::get(&url[Position::BeforePath..])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(because("HTTP"))?;
    let answer = sender.send_request(request).await.map_err(because("HTTP"))?;
    if answer.status() != StatusCode::OK {
        return Err(NotSeen::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), LARGEST).collect().await;
    Ok(body.map_err(because("body"))?.to_bytes())
}
