//! The index: what searches find, against a naive search of the same data.

mod data;
mod enrich;
mod oracle;
mod pages;
mod previews;
mod search;
mod text;
