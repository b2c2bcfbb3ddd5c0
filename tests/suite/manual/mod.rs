//! `/docs`, the manual inside the product: what it says is there, leads somewhere and is true.

mod blocks;
mod codes;
mod commands;
mod errors;
mod links;
mod pages;
