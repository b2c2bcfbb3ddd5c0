//! The program as a process.

mod crash;
mod import;
mod index;
mod serve;
mod user;
