//! The columns of the grid, and which of them a view shows.

use std::fmt;

use crate::store::grid::GridSort;

/// A column that sorts.
pub struct Column {
    /// The column.
    pub sort: GridSort,
    /// Its name in the address, and in an export.
    pub name: &'static str,
    /// Its header.
    pub label: &'static str,
    /// What is to be known of it that its header does not say.
    pub about: Option<&'static str>,
    /// Whether a view shows it unless it says otherwise.
    pub is_usual: bool,
}

const fn column(sort: GridSort, name: &'static str, label: &'static str, is_usual: bool) -> Column {
    Column { sort, name, label, about: None, is_usual }
}

/// The columns, in the order in which they stand.
pub const COLUMNS: [Column; 8] = [
    column(GridSort::User, "user", "User", true),
    column(GridSort::Access, "access", "Access Status", true),
    column(GridSort::Role, "role", "Role", false),
    column(GridSort::Clients, "clients", "Clients", true),
    column(GridSort::Tokens, "tokens", "Active Tokens", false),
    Column {
        about: Some("of the person’s account, shared by everybody in it"),
        ..column(GridSort::Credits, "credits", "Credits Used", false)
    },
    column(GridSort::Added, "added", "Added to MCP", true),
    column(GridSort::LastUsed, "last_used", "Last Used", true),
];

impl Column {
    /// The column that sorts so.
    pub fn of(sort: GridSort) -> &'static Self {
        COLUMNS.iter().find(|column| column.sort == sort).unwrap_or(&COLUMNS[0])
    }
}

/// The columns that are shown. User is one of them always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns([bool; COLUMNS.len()]);

impl Default for Columns {
    fn default() -> Self {
        Self(COLUMNS.each_ref().map(|column| column.is_usual))
    }
}

impl Columns {
    /// These, and User.
    pub fn of(shown: &[GridSort]) -> Self {
        Self(
            COLUMNS
                .each_ref()
                .map(|column| column.sort == GridSort::User || shown.contains(&column.sort)),
        )
    }

    /// Those shown, in their order.
    pub fn shown(self) -> impl Iterator<Item = &'static Column> {
        COLUMNS.iter().zip(self.0).filter_map(|(column, is_shown)| is_shown.then_some(column))
    }

    /// Whether the column of that name is shown.
    pub fn has(self, name: &str) -> bool {
        self.shown().any(|column| column.name == name)
    }

    /// How many are shown.
    pub fn count(self) -> usize {
        self.shown().count()
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.shown().map(|column| column.name).collect();
        f.write_str(&names.join(","))
    }
}
