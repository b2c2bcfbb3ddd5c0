//! The order in which names are listed: by their letters, be they small or large. Indexes hold the
//! same expression (`users_by_name`, `accounts_in_order`).

use diesel::sql_types::Text;

#[diesel::declare_sql_function]
extern "SQL" {
    /// A name with small letters, of a Latin script at least.
    fn lower(name: Text) -> Text;
}
