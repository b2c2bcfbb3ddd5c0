//! The database floor: pools, transactions, the group-commit writer, migrations, and the one
//! place with SQL of a single backend. Async code hands a closure over and never holds a
//! connection across an `.await`.

pub mod among;
pub mod audit_rows;
pub mod backup;
pub mod books;
mod checkpoint;
mod connection;
pub mod entry_rows;
pub mod figure_rows;
pub mod lead;
pub mod lock;
pub mod migrate;
pub mod people_texts;
mod pool;
pub mod sample;
#[expect(missing_docs, reason = "the migrations describe the tables")]
pub mod schema;
pub mod stage;
pub(crate) mod statement;
mod turn;
pub mod upsert;
pub mod upsert_row;
mod url;
mod warm;
pub mod words;
mod writer;
pub mod written;

pub use connection::{Conn, MultiBackend};
pub use pool::{Db, Figures, LaneFigures};
pub use url::DatabaseUrl;
pub use writer::WriterFigures;
