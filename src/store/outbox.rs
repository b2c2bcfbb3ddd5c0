//! Mail that waits to be handed over. Table: `outbox`.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::outbox;

/// A mail as written.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Address.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// A mail to be handed over.
#[derive(Debug, Clone, Queryable)]
pub struct WaitingMail {
    /// Row id.
    pub id: i64,
    /// Address.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// How often it was tried.
    pub attempts: i64,
}

/// Puts a mail in, inside the transaction of what it tells. Returns its number.
pub fn insert(conn: &mut Conn, mail: &NewMail, now: Timestamp) -> QueryResult<i64> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::recipient.eq(&mail.recipient),
            outbox::subject.eq(&mail.subject),
            outbox::plain_text.eq(&mail.text),
            outbox::html.eq(&mail.html),
            outbox::created_at.eq(now),
            outbox::attempts.eq(0),
            outbox::due_at.eq(now),
        ))
        .returning(outbox::id)
        .get_result(conn)
}

/// Takes a mail out again, in the transaction that put it in.
pub fn withdraw(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    diesel::delete(outbox::table.find(id)).execute(conn)
}

/// Mail whose time has come, oldest first.
pub fn due(
    conn: &mut Conn,
    now: Timestamp,
    most_attempts: i64,
    limit: i64,
) -> QueryResult<Vec<WaitingMail>> {
    outbox::table
        .filter(outbox::sent_at.is_null())
        .filter(outbox::due_at.le(now))
        .filter(outbox::attempts.lt(most_attempts))
        .order((outbox::due_at.asc(), outbox::id.asc()))
        .limit(limit)
        .select((
            outbox::id,
            outbox::recipient,
            outbox::subject,
            outbox::plain_text,
            outbox::html,
            outbox::attempts,
        ))
        .load(conn)
}

/// How many mails wait to be handed over; those given up on apart.
pub fn count_waiting(conn: &mut Conn, most_attempts: i64) -> QueryResult<i64> {
    outbox::table
        .filter(outbox::sent_at.is_null())
        .filter(outbox::attempts.lt(most_attempts))
        .count()
        .get_result(conn)
}

/// Takes a mail for one attempt: until `next_try` no other replica will. 0 rows if one did.
pub fn claim(conn: &mut Conn, id: i64, now: Timestamp, next_try: Timestamp) -> QueryResult<usize> {
    diesel::update(
        outbox::table.find(id).filter(outbox::sent_at.is_null()).filter(outbox::due_at.le(now)),
    )
    .set((outbox::due_at.eq(next_try), outbox::attempts.eq(outbox::attempts + 1)))
    .execute(conn)
}

/// Notes that a mail was handed over, and forgets its text: the links in it are secrets.
pub fn sent(conn: &mut Conn, id: i64, now: Timestamp) -> QueryResult<usize> {
    diesel::update(outbox::table.find(id))
        .set((
            outbox::sent_at.eq(now),
            outbox::last_error.eq(None::<String>),
            outbox::plain_text.eq(""),
            outbox::html.eq(""),
        ))
        .execute(conn)
}

/// Notes why an attempt failed.
pub fn failed(conn: &mut Conn, id: i64, reason: &str) -> QueryResult<usize> {
    diesel::update(outbox::table.find(id)).set(outbox::last_error.eq(reason)).execute(conn)
}

/// Removes mail that was handed over, or given up, before `before`.
pub fn purge(conn: &mut Conn, before: Timestamp) -> QueryResult<usize> {
    diesel::delete(
        outbox::table.filter(outbox::created_at.lt(before)).filter(outbox::due_at.lt(before)),
    )
    .execute(conn)
}
