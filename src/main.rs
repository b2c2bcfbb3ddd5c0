//! The `portcullis` program; everything is in the library.

use std::process::ExitCode;

#[actix_web::main]
async fn main() -> ExitCode {
    // Databases, backups, exports and mails hold what is nobody else's on this machine to read.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    portcullis::cli::run().await
}
