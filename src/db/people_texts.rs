//! Finding people by a part of a text, wherever it stands and whatever the case of its letters.
//! SQLite goes through an index from end to end; PostgreSQL has a table of the texts, so that what
//! changes with every call of a person leaves their trigrams alone.

use diesel::dsl::sql;
use diesel::expression::{AsExpression, SqlLiteral, UncheckedBind};
use diesel::sql_types::{Bool, Text};

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

impl Texts {
    fn column(self) -> &'static str {
        match self {
            Self::Person => "search",
            Self::Clients => "client_names",
        }
    }
}

/// Where people are read from, the id of one of them there, and the condition that they have
/// `text` in one of `texts` and are not deleted. What else holds for them may be asked of `users`.
pub fn source(conn: &Conn, texts: Texts, text: &str) -> (&'static str, &'static str, Written) {
    match conn {
        Conn::Sqlite(_) => {
            let table = match texts {
                Texts::Person => "users INDEXED BY users_by_search",
                Texts::Clients => "users INDEXED BY users_by_client_names",
            };
            // The indexes hold those alone who are not deleted.
            let there = Written::new("users.deleted_at IS NULL AND ");
            (table, "users.id", there.then(holds(conn, texts, text)))
        }
        // Joined from the left, `users` is left out where nothing is asked of it. Whoever is deleted
        // has no texts.
        Conn::Postgres(_) => (
            "user_texts LEFT JOIN users ON users.id = user_texts.user_id",
            "user_texts.user_id",
            likeness(Written::new("user_texts.").sql(texts.column()), text),
        ),
    }
}

/// Whoever of `users` has `text` in one of `texts`.
pub fn holds(conn: &Conn, texts: Texts, text: &str) -> Written {
    match conn {
        Conn::Sqlite(_) => {
            Written::new("users.").sql(texts.column()).sql(" GLOB ").bound(glob(text))
        }
        Conn::Postgres(_) => {
            let select = Written::new("SELECT user_id FROM user_texts WHERE ").sql(texts.column());
            Written::new("users.id IN (").then(likeness(select, text)).sql(")")
        }
    }
}

fn likeness(column: Written, text: &str) -> Written {
    if text.is_ascii() {
        let pattern = format!("%{}%", escape_like(&text.to_ascii_lowercase()));
        column.sql(" LIKE ").bound(pattern).sql(" ESCAPE '\\'")
    } else {
        column.sql(" ~ ").bound(expression(text))
    }
}

/// A letter in small and capital, if the database may not know that they are one.
fn cases(letter: char) -> String {
    let mut cases = vec![letter];
    cases.extend(letter.to_lowercase().chain(letter.to_uppercase()));
    cases.sort_unstable();
    cases.dedup();
    cases.into_iter().collect()
}

/// The pattern of GLOB; what it looks through has its ASCII letters small.
fn glob(text: &str) -> String {
    format!("*{}*", text.chars().map(glob_letter).collect::<String>())
}

fn glob_letter(letter: char) -> String {
    match letter {
        '*' | '?' | '[' => format!("[{letter}]"),
        letter if letter.is_ascii() => letter.to_ascii_lowercase().to_string(),
        letter => format!("[{}]", cases(letter)),
    }
}

/// The regular expression of a text with other letters than ASCII's.
fn expression(text: &str) -> String {
    let letter = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase().to_string(),
        letter if letter.is_ascii() => format!("\\{letter}"),
        letter => format!("[{}]", cases(letter)),
    };
    text.chars().map(letter).collect()
}

/// A condition of a typed statement; made by [`contains`].
pub type Contains =
    SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, <String as AsExpression<Text>>::Expression>>;

/// The condition that `column`, of a table's, has `text` somewhere in it, whatever the case of its
/// letters. Goes through all rows: for lists that are not long.
pub fn contains(conn: &Conn, column: &'static str, text: &str) -> Contains {
    let (operator, pattern, end) = match conn {
        // Small letters are ASCII's there, so that of any other both are looked for.
        Conn::Sqlite(_) => ("GLOB", glob(text), ")"),
        Conn::Postgres(_) => {
            ("LIKE", format!("%{}%", escape_like(&text.to_lowercase())), " ESCAPE '\\')")
        }
    };
    sql::<Bool>(&format!("(lower({column}) {operator} ")).bind::<Text, _>(pattern).sql(end)
}

/// The condition that `column`, of a table's, is `text`, whatever the case of its letters. Goes
/// through all rows: for lists that are not long.
pub fn equals(conn: &Conn, column: &'static str, text: &str) -> Contains {
    let (operator, pattern) = match conn {
        Conn::Sqlite(_) => ("GLOB", text.chars().map(glob_letter).collect()),
        Conn::Postgres(_) => ("~", format!("^{}$", expression(text))),
    };
    sql::<Bool>(&format!("(lower({column}) {operator} ")).bind::<Text, _>(pattern).sql(")")
}

/// Makes `%`, `_` and the escape itself ordinary characters of a LIKE pattern.
fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_text_and_never_a_pattern() {
        assert_eq!(glob("O'Brien*[x]?"), "*o'brien[*][[]x][?]*");
        assert_eq!(glob("Ünal"), "*[Üü]nal*");
        assert_eq!(expression("Ü.a|b"), "[Üü]\\.a\\|b");
    }
}
