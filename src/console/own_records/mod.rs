//! Dashboard → Your activity, Your audit log: of both logs what is the signed-in person's own, with the
//! filters, pages and files of the administrators' screens.

mod activity;
mod audit;

pub use activity::{export as export_activity, send_file as send_activity, show as activity};
pub use audit::{export as export_audit, show as audit};
