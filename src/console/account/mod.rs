//! Account Setting: what a person can change about themselves.

mod confirmation;

pub use confirmation::{end_window, window};
