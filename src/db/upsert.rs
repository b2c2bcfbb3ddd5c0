//! Insert-or-update, per backend: Diesel's multi-backend connection has no `on_conflict`.
//!
//! Every statement is one conditional write, so that a race is decided by the database and not by
//! a read before it.
