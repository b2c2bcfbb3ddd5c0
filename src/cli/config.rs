//! `portcullis config`: what the server would use, and where each value came from.

use crate::cli::say;
use crate::config::Loaded;

/// Prints a line for each key.
pub(super) fn print(loaded: &Loaded) {
    for (name, value, source) in &loaded.shown {
        say!("{name}={value}  # {source}");
    }
}
