//! What every test stands on: the application, its database, and those who call it.

pub mod ai_client;
pub mod api_client;
pub mod app;
pub mod browser;
pub mod conformance;
pub mod contacts;
pub mod database;
pub mod documents;
pub mod fixture;
pub mod forge;
pub mod held;
pub mod html;
pub mod personal;
pub mod phone;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod raw;
pub mod records;
pub mod rpc;
pub mod schema;
pub mod steps;
pub mod upload;

pub use ai_client::AiClient;
pub use app::TestApp;
pub use browser::Browser;
pub use fixture::{ADMIN, AUDITOR, MEMBER, OTHER, PASSWORD, Person};

/// Makes two tests of each function: `name::sqlite` and `name::postgres`, the second only where a
/// PostgreSQL server is to be had.
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($app: &$crate::support::TestApp) $body

        mod $name {
            #[actix_web::test]
            async fn sqlite() {
                let app = $crate::support::TestApp::sqlite().await;
                super::$name(&app).await;
                app.stop().await;
            }

            #[actix_web::test]
            async fn postgres() {
                let Some(app) = $crate::support::TestApp::postgres().await else { return };
                super::$name(&app).await;
                app.stop().await;
            }
        }
    )+};
}
pub(crate) use both_databases;

/// Makes a test of each function, on SQLite: for rules that do not reach the database's dialect.
macro_rules! on_sqlite {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)+) => {$(
        $(#[$meta])*
        #[actix_web::test]
        async fn $name() {
            let app = $crate::support::TestApp::sqlite().await;
            {
                let $app = &app;
                $body
            }
            app.stop().await;
        }
    )+};
}
pub(crate) use on_sqlite;
