//! A small internet: names, a network that leads all of them to one https server in this process,
//! and an authority that only the application under test trusts.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use portcullis::service::metadata_document::{DocumentFetcher, Network};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::TestApp;
use super::database::{Backend, Database};

/// The document of the suite.
pub const DOCUMENT: &str = "https://client.example/oauth/client.json";
/// Where its host is; a public address, to which nothing is ever sent.
pub const ADDRESS: &str = "9.9.9.9";
/// A public address at which nobody answers.
pub const DEAD: &str = "9.9.9.10";
/// Names that the server's certificate holds.
const NAMES: [&str; 3] = ["client.example", "other.example", "redirected.example"];

/// What the server answers.
#[derive(Clone)]
enum Answer {
    Bytes(Vec<u8>),
    /// This, and then nothing, with the connection left open.
    Endless(Vec<u8>),
}

#[derive(Default)]
struct State {
    /// Answers of the resolver, one after another; the last one stays.
    names: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    answers: Mutex<HashMap<String, Answer>>,
    resolved: Mutex<Vec<String>>,
    connected: Mutex<Vec<SocketAddr>>,
    requests: Mutex<Vec<String>>,
}

/// The small internet.
#[derive(Clone)]
pub struct Hosts {
    state: Arc<State>,
    port: u16,
    roots: RootCertStore,
}

impl Network for Hosts {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.state.resolved.lock().unwrap().push(host.to_owned());
        let mut names = self.state.names.lock().unwrap();
        let found = match names.get_mut(host) {
            Some(answers) if answers.len() > 1 => Ok(answers.pop_front().unwrap()),
            Some(answers) => Ok(answers[0].clone()),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        };
        Box::pin(async { found })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.state.connected.lock().unwrap().push(address);
        if address.ip().to_string() == DEAD {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        Box::pin(TcpStream::connect(("127.0.0.1", self.port)))
    }
}

impl Hosts {
    /// With `client.example` at a public address, and the document there.
    pub async fn start() -> Self {
        let (roots, config) = certificates();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        actix_web::rt::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), state.clone()));
        let hosts = Self { state, port, roots };
        hosts.name("client.example", &[&[ADDRESS]]);
        hosts.document(&document());
        hosts
    }

    /// This internet for somebody who trusts only the authority of another.
    pub fn trusting(&self, other: &Self) -> Self {
        Self { roots: other.roots.clone(), ..self.clone() }
    }

    /// What the resolver says for a name, one answer after another.
    pub fn name(&self, host: &str, answers: &[&[&str]]) {
        let parsed = answers
            .iter()
            .map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect())
            .collect();
        self.state.names.lock().unwrap().insert(host.to_owned(), parsed);
    }

    /// Puts a document in the usual place, without caching headers.
    pub fn document(&self, document: &Value) {
        self.document_with("", document);
    }

    /// Puts a document in the usual place, with these lines of headers.
    pub fn document_with(&self, headers: &str, document: &Value) {
        let document = document.to_string();
        let length = document.len();
        self.answer(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{document}"
        ));
    }

    /// Answers with these bytes in the usual place.
    pub fn answer(&self, bytes: impl Into<Vec<u8>>) {
        self.put(Answer::Bytes(bytes.into()));
    }

    /// Answers with these bytes and never ends.
    pub fn endless(&self, bytes: impl Into<Vec<u8>>) {
        self.put(Answer::Endless(bytes.into()));
    }

    fn put(&self, answer: Answer) {
        self.state.answers.lock().unwrap().insert("/oauth/client.json".into(), answer);
    }

    /// The names asked for so far.
    pub fn resolved(&self) -> Vec<String> {
        self.state.resolved.lock().unwrap().clone()
    }

    /// The addresses connected to so far.
    pub fn connected(&self) -> Vec<SocketAddr> {
        self.state.connected.lock().unwrap().clone()
    }

    /// The heads of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// A fetcher over this internet that gives up after `deadline`.
    pub fn fetcher(&self, deadline: Duration) -> DocumentFetcher {
        DocumentFetcher::over(self.clone(), self.roots.clone(), deadline)
    }

    /// An application on this internet, that takes any document.
    pub async fn app(&self, backend: Backend, deadline: Duration) -> TestApp {
        let fetcher = self.fetcher(deadline);
        let database = Database::filled(backend).await;
        let app = TestApp::with(database, backend, &[], |ctx| ctx.with_documents(fetcher)).await;
        app.set("metadata_documents", "on").await;
        app
    }
}

/// A good document of the usual place.
pub fn document() -> Value {
    json!({
        "client_id": DOCUMENT,
        "client_name": "Sample Client",
        "redirect_uris": ["http://127.0.0.1/callback", "https://client.example/callback"],
        "token_endpoint_auth_method": "none",
    })
}

fn certificates() -> (RootCertStore, ServerConfig) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.self_signed(&authority_key).unwrap().der().clone()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = NAMES.map(str::to_owned).into();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    (roots, config)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, state) = (acceptor.clone(), state.clone());
        actix_web::rt::spawn(async move {
            // A visitor that does not trust us hangs up.
            let _ = answer(stream, &acceptor, &state).await;
        });
    }
}

async fn answer(stream: TcpStream, acceptor: &TlsAcceptor, state: &State) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    state.requests.lock().unwrap().push(head);
    let found = state.answers.lock().unwrap().get(&path).cloned();
    match found {
        Some(Answer::Bytes(bytes)) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Some(Answer::Endless(bytes)) => {
            stream.write_all(&bytes).await?;
            // Until the visitor gives up.
            stream.read_u8().await.map(|_| ())
        }
        None => {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await?;
            stream.shutdown().await
        }
    }
}
