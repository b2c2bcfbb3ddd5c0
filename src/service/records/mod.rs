//! Reading the two logs: pages, details, exports.

pub mod activity;
pub mod audit;
pub mod export;
mod names;
mod walk;

pub use names::{Call, Person};
pub use walk::Page;
