//! One question to an address of ours, the way a client asks it: by its public name, over TLS where it is
//! https, following nothing.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, LOCATION, USER_AGENT,
    WWW_AUTHENTICATE,
};
use hyper::{Method, Request};
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

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub url: &'a str,
    /// What is sent, with its media type; nothing is a plain look.
    pub body: Option<(&'static str, &'static str)>,
    /// Sent as a bearer token.
    pub bearer: Option<&'static str>,
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub status: u16,
    /// `Content-Type`, without parameters.
    pub kind: String,
    /// `Location`.
    pub location: String,
    /// `WWW-Authenticate`.
    pub challenge: String,
    /// Whether the answer has the id that all of ours have.
    pub is_ours: bool,
    pub body: Bytes,
}

/// Why nothing was seen.
#[derive(Debug)]
pub(super) struct NotSeen {
    /// What did not work: name, connection, TLS or HTTP.
    pub step: &'static str,
    /// The cause, which speaks of the network and is for whoever runs the server.
    pub cause: String,
}

fn because<E: Display>(step: &'static str) -> impl FnOnce(E) -> NotSeen {
    move |cause| NotSeen { step, cause: cause.to_string() }
}

/// Asks, and follows nothing.
pub(super) async fn ask(question: Question<'_>) -> Result<Seen, NotSeen> {
    timeout(PATIENCE, look(question)).await.map_err(because("too slow"))?
}

async fn look(question: Question<'_>) -> Result<Seen, NotSeen> {
    let url = Url::parse(question.url).map_err(because("address"))?;
    let host = url.host_str().ok_or_else(|| because("address")("no host"))?;
    let port = url.port_or_known_default().unwrap_or(443);
    // The brackets of an IPv6 address belong to the URL only.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, port)).await.map_err(because("connection"))?;
    if url.scheme() != "https" {
        return exchange(stream, &url, question).await;
    }
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(because("TLS"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).map_err(because("TLS name"))?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.map_err(because("TLS"))?;
    exchange(stream, &url, question).await
}

async fn exchange<S>(stream: S, url: &Url, question: Question<'_>) -> Result<Seen, NotSeen>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(because("HTTP"))?;
    // Ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (method, kind, body) = match question.body {
        Some((kind, body)) => (Method::POST, Some(kind), body),
        None => (Method::GET, None, ""),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(&url[Position::BeforePath..])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(ACCEPT, "application/json, text/event-stream")
        .header(USER_AGENT, concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close");
    if let Some(kind) = kind {
        request = request.header(CONTENT_TYPE, kind);
    }
    if let Some(token) = question.bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Full::new(Bytes::from_static(body.as_bytes())));
    let request = request.map_err(because("HTTP"))?;
    let answer = sender.send_request(request).await.map_err(because("HTTP"))?;
    let text = |name: HeaderName| {
        let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let seen = Seen {
        status: answer.status().as_u16(),
        kind: text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
        location: text(LOCATION),
        challenge: text(WWW_AUTHENTICATE),
        is_ours: answer.headers().contains_key("x-request-id"),
        body: Bytes::new(),
    };
    let body = Limited::new(answer.into_body(), LARGEST).collect().await;
    Ok(Seen { body: body.map_err(because("body"))?.to_bytes(), ..seen })
}
