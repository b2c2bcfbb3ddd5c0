//! Finding people by a part of a text: FTS5's trigrams on SQLite, `pg_trgm` on PostgreSQL where it
//! is there. Both compare without upper and lower case and find a text wherever it stands.

use super::Conn;
use super::written::Written;

/// Which texts of a person are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// Full name and address.
    Person,
    /// Names of the clients that they ever connected.
    Clients,
}

/// The fewest letters that trigrams find.
const TRIGRAM: usize = 3;

/// Whoever of `users` has `text` in one of `texts`.
pub fn holds(conn: &Conn, texts: Texts, text: &str) -> Written {
    if matches!(conn, Conn::Sqlite(_)) && text.chars().count() >= TRIGRAM {
        let columns = match texts {
            Texts::Person => "{name email}",
            Texts::Clients => "{client_names}",
        };
        let phrase = format!("{columns} : \"{}\"", text.replace('"', "\"\""));
        return Written::new("users.id IN (SELECT rowid FROM user_texts WHERE user_texts MATCH ")
            .bound(phrase)
            .sql(")");
    }
    let pattern = format!("%{}%", escape_like(&text.to_lowercase()));
    match texts {
        Texts::Person => Written::new("(lower(users.name) LIKE ")
            .bound(pattern.clone())
            .sql(" ESCAPE '\\' OR users.email LIKE ")
            .bound(pattern)
            .sql(" ESCAPE '\\')"),
        Texts::Clients => {
            Written::new("lower(users.client_names) LIKE ").bound(pattern).sql(" ESCAPE '\\'")
        }
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Lower case, as the database understands it.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Makes `%`, `_` and the escape itself ordinary characters of a LIKE pattern.
pub fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
