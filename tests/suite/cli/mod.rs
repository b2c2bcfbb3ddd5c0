//! The program as a process.

mod crash;
mod export;
mod import;
mod index;
mod serve;
mod user;
