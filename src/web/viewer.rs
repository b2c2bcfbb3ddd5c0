//! Who looks: extractors that put the needed permission into a handler's signature.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::Deref;

use actix_session::SessionExt;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use futures_util::future::LocalBoxFuture;

use crate::domain::access::{Permission, UserStatus, parse_permissions};
use crate::domain::audit::Actor;
use crate::domain::{role, time_zone};
use crate::error::{Error, ErrorCode};
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::refused;
use crate::service::visit::{self, Window};
use crate::store::sessions;
use crate::store::users::{self, UserRow};
use crate::web::error::Failure;
use crate::web::outer::RequestId;
use crate::web::{address, session};

/// Somebody, signed in or not.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// For the log: address and request id, and the user if there is one.
    pub actor: Actor,
    /// The signed-in person.
    pub user: Option<UserRow>,
}

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The person.
    pub user: UserRow,
    /// What their role lets them do.
    pub permissions: BTreeSet<Permission>,
    /// The session's own id.
    pub session: PlainSecret,
    /// Them, for the log.
    pub actor: Actor,
}

impl Viewer {
    /// Whether their role allows it.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Refuses a request that the role does not allow, and has that written down: the one place that
    /// decides it for a signed-in person.
    ///
    /// # Errors
    /// `permission_denied`, or that the database cannot answer.
    pub async fn require(
        &self,
        request: &HttpRequest,
        permission: Permission,
    ) -> Result<(), Error> {
        if self.may(permission) {
            return Ok(());
        }
        let ctx =
            request.app_data::<web::Data<Ctx>>().ok_or_else(|| Error::internal("no state"))?;
        let (method, path) = (request.method().as_str(), request.path());
        let (name, title) = role::of(permission).map_or(("", ""), |row| (row.name, row.title));
        refused::by_role(ctx, &self.actor, self.user.id, name, method, path).await?;
        Err(Error::new(
            ErrorCode::PermissionDenied,
            format!(
                "Your role is {}, which does not include “{title}”. Ask an administrator of this server to do it or to change your role.",
                self.user.role
            ),
        ))
    }
}

/// A permission as a type, so that a handler's signature names what it needs.
pub trait Needs: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($name:ident),*) => {$(
        #[doc = concat!("Needs the permission of the same name, [`Permission::", stringify!($name), "`].")]
        #[derive(Debug)]
        pub struct $name;
        impl Needs for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}
needs!(
    ViewMcpUsers,
    RevokeTokens,
    ManageMcpAccess,
    ViewUsers,
    ManageUsers,
    ViewRecords,
    ViewRoles,
    ManageRoles,
    ViewAccounts,
    ManageAccounts,
    ViewClients,
    ManageClients,
    ViewSettings,
    ManageSettings,
    ViewIndex,
    ManageIndex
);

/// A signed-in person whose role has the permission `P`.
#[derive(Debug)]
pub struct Admin<P> {
    viewer: Viewer,
    permission: PhantomData<P>,
}

impl<P> Deref for Admin<P> {
    type Target = Viewer;
    fn deref(&self) -> &Viewer {
        &self.viewer
    }
}

impl FromRequest for Visitor {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(visitor(&request).await?) })
    }
}

impl FromRequest for Viewer {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let visitor = visitor(&request).await?;
            let (Some(user), Some(session)) = (visitor.user, session::session_id(&request)) else {
                return Err(sign_in_first(&request));
            };
            Ok(Self {
                permissions: parse_permissions(&user.permissions),
                user,
                session,
                actor: visitor.actor,
            })
        })
    }
}

impl<P: Needs> FromRequest for Admin<P> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let viewer = Viewer::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let viewer = viewer.await?;
            viewer.require(&request, P::PERMISSION).await?;
            Ok(Self { viewer, permission: PhantomData })
        })
    }
}

async fn visitor(request: &HttpRequest) -> Result<Visitor, Error> {
    let ctx = request.app_data::<web::Data<Ctx>>().ok_or_else(|| Error::internal("no state"))?;
    let user = signed_in(ctx, request).await?;
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    let actor = Actor {
        user: user.as_ref().map(|user| user.id),
        label: user.as_ref().map_or_else(|| "nobody".to_owned(), |user| user.email.clone()),
        address: address::caller(request.head(), &ctx.config.trusted_proxies),
        request_id,
        reason: None,
    };
    Ok(Visitor { actor, user })
}

/// The person of a session, read from the database each time: a suspended person is out at once, and
/// so is a session that was ended while the rest of its request was still arriving.
async fn signed_in(ctx: &Ctx, request: &HttpRequest) -> Result<Option<UserRow>, Error> {
    let now = ctx.clock.now();
    let Some(id) = session::user(&request.get_session(), now) else {
        return Ok(None);
    };
    let session = session::session_id(request).map(|id| session::handle(&id));
    let called = session.clone().unwrap_or_default();
    let (user, is_open, window) = ctx
        .db
        .read(move |conn| {
            let is_open = sessions::is_open(conn, id, &called, now)?;
            Ok((users::by_id(conn, id)?, is_open, sessions::window(conn, id, &called, now)?))
        })
        .await?;
    let is_theirs = |user: &UserRow| session::has_password_of(&request.get_session(), user);
    let user =
        user.filter(|user| is_open && user.status() == UserStatus::Active && is_theirs(user));
    if let Some(user) = &user {
        visit::note(|visit| {
            visit.session = session;
            visit.has_two_factor = user.two_factor_at.is_some();
            visit.zone = user.time_zone.as_deref().and_then(time_zone::parse);
            visit.window = window.map(|(since, until)| Window { since, until });
        });
    }
    Ok(user)
}

fn sign_in_first(request: &HttpRequest) -> Failure {
    if request.method() == Method::GET || request.method() == Method::HEAD {
        let wanted = request.uri().path_and_query().map_or("/dashboard", |path| path.as_str());
        let query: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        return Failure::SeeOther(format!("/login?next={query}"));
    }
    Error::new(
        ErrorCode::SignInRequired,
        "You are signed out. Nothing was changed. Sign in and try again.",
    )
    .into()
}
