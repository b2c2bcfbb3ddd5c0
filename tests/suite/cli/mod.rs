//! The program as a process.

mod backup;
mod crash;
mod doctor;
mod export;
mod import;
mod index;
mod mistyped;
mod serve;
mod user;
