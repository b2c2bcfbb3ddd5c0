//! The program as a process.

mod crash;
mod import;
mod serve;
mod user;
