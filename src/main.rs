//! The `portcullis` program; everything is in the library.

use std::process::ExitCode;

#[actix_web::main]
async fn main() -> ExitCode {
    portcullis::cli::run().await
}
