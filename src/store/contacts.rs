//! Reading contacts (table `contacts`).

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::contacts;
use crate::domain::contact::{Channels, Contact, EmailStatus};

/// The contacts of these public ids with their row ids, in no order; unknown ids are left out.
///
/// # Errors
/// When the database cannot answer.
pub fn by_public_ids(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<(i64, Contact)>> {
    let rows: Vec<Row> = contacts::table
        .filter(contacts::public_id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.into())).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts)]
struct Row {
    id: i64,
    public_id: String,
    store_domain: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    title: Option<String>,
    role: Option<String>,
    seniority: Option<String>,
    country: Option<String>,
    email: Option<String>,
    email_status: String,
    phone: Option<String>,
    linkedin_url: Option<String>,
}

impl From<Row> for Contact {
    fn from(row: Row) -> Self {
        Self {
            public_id: row.public_id,
            first_name: row.first_name,
            last_name: row.last_name,
            title: row.title,
            role: row.role,
            seniority: row.seniority,
            country: row.country,
            store_domain: row.store_domain,
            email_status: EmailStatus::from_word(&row.email_status),
            known: Channels { email: row.email, phone: row.phone, linkedin_url: row.linkedin_url },
        }
    }
}
