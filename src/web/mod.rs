//! What the surfaces share: who calls, sessions, form tokens, headers, pages, errors, assets.

pub mod address;
pub mod assets;
pub mod carried;
pub mod credential;
pub mod csrf;
pub mod dialog;
pub mod error;
pub mod export;
pub mod flash;
pub mod form;
pub mod help;
pub mod nav;
pub mod outer;
pub mod paced;
pub mod page;
pub mod refill;
pub mod session;
pub mod typed;
pub mod upload;
pub mod viewer;
