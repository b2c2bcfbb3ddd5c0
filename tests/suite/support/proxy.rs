//! A reverse proxy in front of the application, as good or as bad as the test wants it.

use std::net::TcpListener;
use std::sync::{Arc, OnceLock};

use actix_web::dev::ServerHandle;
use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::TestApp;
use super::database::Backend;

/// Who calls the proxy, as it says: everything here is on one machine, and callers are not.
pub const CALLER: &str = "198.51.100.7";

/// What the proxy does besides passing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// What the snippets of the manual do: keeps `Host`, says who asked.
    Good,
    /// Answers `/.well-known/` from a folder of its own.
    KeepsWellKnown,
    /// Takes the `Authorization` header away.
    DropsAuthorization,
    /// Shows whoever posts a page to prove that they are no robot.
    ChallengesPosts,
    /// Sends everybody elsewhere.
    Redirects,
    /// Asks for a password of its own.
    AsksForPassword,
    /// Gives its own name as `Host`, and says nothing about who asked.
    ForgetsHost,
}

#[derive(Clone)]
struct State {
    manners: Manners,
    target: Arc<OnceLock<String>>,
    client: reqwest::Client,
}

/// A proxy with the application behind it.
pub struct Behind {
    pub app: TestApp,
    /// What people and clients know the server by.
    pub public: String,
    proxy: ServerHandle,
}

impl Behind {
    /// Starts both; the application believes the proxy and is known by its address.
    pub async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let public = format!("http://{}", listener.local_addr().unwrap());
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let state = State { manners, target: Arc::default(), client };
        let target = state.target.clone();
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::new(state.clone())).default_service(web::to(pass_on))
        })
        .workers(1)
        .listen(listener)
        .unwrap()
        .run();
        let proxy = server.handle();
        actix_web::rt::spawn(server);
        let pairs = [
            ("PUBLIC_URL", public.as_str()),
            ("BEHIND_PROXY", "true"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
        ];
        let backend = Backend::Sqlite;
        let app = TestApp::on(backend, &pairs).await;
        target.set(app.base.clone()).unwrap();
        Self { app, public, proxy }
    }

    pub async fn stop(self) {
        self.proxy.stop(false).await;
        self.app.stop().await;
    }
}

async fn pass_on(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let path = request.path();
    let is_for_clients =
        ["/mcp", "/oauth/", "/.well-known/", "/api/"].iter().any(|own| path.starts_with(own));
    let page = |status: StatusCode| {
        HttpResponse::build(status).content_type("text/html").body("<html>Are you human?</html>")
    };
    match state.manners {
        Manners::KeepsWellKnown if path.starts_with("/.well-known/") => {
            return page(StatusCode::NOT_FOUND);
        }
        Manners::ChallengesPosts if request.method() == "POST" && is_for_clients => {
            return page(StatusCode::FORBIDDEN);
        }
        Manners::Redirects if is_for_clients => {
            return HttpResponse::PermanentRedirect()
                .insert_header((header::LOCATION, format!("https://www.example.com{path}")))
                .finish();
        }
        Manners::AsksForPassword if is_for_clients => {
            return HttpResponse::Unauthorized()
                .insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"staging\""))
                .finish();
        }
        _ => {}
    }
    let target = format!("{}{}", state.target.get().unwrap(), request.uri());
    let mut onward = state.client.request(request.method().as_str().parse().unwrap(), target);
    let host = header::HOST.as_str();
    for (name, value) in request.headers() {
        let is_dropped = state.manners == Manners::DropsAuthorization
            && *name == header::AUTHORIZATION
            || state.manners == Manners::ForgetsHost && name.as_str() == host
            || *name == header::CONTENT_LENGTH
            || *name == header::CONNECTION;
        if !is_dropped {
            onward = onward.header(name.as_str(), value.as_bytes());
        }
    }
    if state.manners == Manners::ForgetsHost {
        onward = onward.header(host, "backend.internal:8080");
    } else {
        // As nginx's $proxy_add_x_forwarded_for and the other two do: behind what came already.
        let peer = CALLER.to_owned();
        let told = request.headers().get("x-forwarded-for").and_then(|told| told.to_str().ok());
        let told = told.map_or(peer.clone(), |told| format!("{told}, {peer}"));
        onward = onward.header("X-Forwarded-For", told).header("X-Forwarded-Proto", "https");
    }
    let Ok(answer) = onward.body(body).send().await else {
        return page(StatusCode::BAD_GATEWAY);
    };
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status().as_u16()).unwrap());
    for (name, value) in answer.headers() {
        if !["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    response.body(answer.bytes().await.unwrap())
}
