//! Choosing an account for somebody: from a list of all of them, or, where there are too many for one,
//! by name, whatever the case of its letters.

use std::collections::HashMap;

use crate::db::Conn;
use crate::domain::name::is_name;
use crate::domain::words::{composed, fold};
use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::store::accounts;

/// The most accounts that a list offers; of more, one is entered by its name.
pub const MOST_LISTED: usize = 200;
/// The longest text that can be a name with its number.
const LONGEST: usize = 120;
/// The most accounts that are named in a complaint.
const MOST_TOLD: usize = 3;
/// The most accounts of one name that are looked at.
const MOST_NAMESAKES: i64 = 100;

type Named = (AccountId, String);

/// All accounts by name, unless there are too many for a list. Those that share a name have their
/// number with it.
///
/// # Errors
/// When the database cannot answer.
pub async fn listed(ctx: &Ctx) -> Result<Option<Vec<Named>>> {
    let most = i64::try_from(MOST_LISTED + 1).map_err(Error::internal)?;
    let mut all = ctx.db.read(move |conn| Ok(accounts::choices(conn, most)?)).await?;
    if all.len() > MOST_LISTED {
        return Ok(None);
    }
    let mut named: HashMap<String, usize> = HashMap::new();
    for (_, name) in &all {
        *named.entry(name.clone()).or_default() += 1;
    }
    all.sort_by_cached_key(|(id, name)| (fold(name), id.0));
    for (id, name) in &mut all {
        if named.get(name.as_str()).is_some_and(|accounts| *accounts > 1) {
            *name = numbered(*id, name);
        }
    }
    Ok(Some(all))
}

/// What is entered for an account: its name, with its number if others have the same; nothing if
/// there is no such account.
///
/// # Errors
/// When the database cannot answer.
pub async fn label(ctx: &Ctx, account: AccountId) -> Result<Option<String>> {
    ctx.db
        .read(move |conn| {
            let Some(name) = accounts::find_name(conn, account)? else { return Ok(None) };
            Ok(Some(label_of(conn, account, name)?))
        })
        .await
}

fn label_of(conn: &mut Conn, account: AccountId, name: String) -> Result<String> {
    let is_alone = accounts::count_named(conn, &name)? < 2;
    Ok(if is_alone { name } else { numbered(account, &name) })
}

fn numbered(account: AccountId, name: &str) -> String {
    format!("{name} #{account}")
}

/// The account of that name, or of that name and number ("Acme #7"). Of several whose names differ
/// in the case of letters only, the one that is spelled so.
///
/// # Errors
/// Names `account`, if there is none or are several.
pub async fn named(ctx: &Ctx, typed: &str) -> Result<AccountId> {
    let typed = composed(typed.trim()).into_owned();
    if !is_name(&typed, LONGEST) {
        return Err(Error::field(
            "account",
            "Account: no account can be called that. Enter its name as the page Accounts shows it.",
        ));
    }
    ctx.db.read(move |conn| find(conn, &typed)).await
}

fn find(conn: &mut Conn, typed: &str) -> Result<AccountId> {
    let mut found = accounts::alike(conn, typed, MOST_NAMESAKES)?;
    found.retain(|(_, name)| fold(name) == fold(typed));
    if found.iter().any(|(_, name)| name == typed) {
        found.retain(|(_, name)| name == typed);
    }
    match found.as_slice() {
        [(only, _)] => Ok(*only),
        [] => match by_number(conn, typed)? {
            Some(account) => Ok(account),
            None => Err(unknown(conn, typed)?),
        },
        several => Err(ambiguous(typed, several)),
    }
}

/// The account of a name with its number, or of the number alone.
fn by_number(conn: &mut Conn, typed: &str) -> Result<Option<AccountId>> {
    let Some((name, number)) = typed.rsplit_once('#') else { return Ok(None) };
    let Ok(account) = number.parse().map(AccountId) else { return Ok(None) };
    let found = accounts::find_name(conn, account)?;
    let is_it = found.is_some_and(|found| name.is_empty() || fold(&found) == fold(name.trim()));
    Ok(is_it.then_some(account))
}

fn unknown(conn: &mut Conn, typed: &str) -> Result<Error> {
    let mut close = Vec::new();
    for (id, name) in accounts::holding(conn, typed, i64::try_from(MOST_TOLD).unwrap_or(1))? {
        close.push(label_of(conn, id, name)?);
    }
    let mend = match close.is_empty() {
        true => "Enter its whole name as the page Accounts shows it.".to_owned(),
        false => format!("Enter a whole name, such as {}.", quoted(&close)),
    };
    Ok(Error::field("account", format!("Account: there is none called “{typed}”. {mend}")))
}

fn ambiguous(typed: &str, several: &[Named]) -> Error {
    let labels: Vec<String> =
        several.iter().take(MOST_TOLD).map(|(id, name)| numbered(*id, name)).collect();
    let (count, mend) = (several.len(), quoted(&labels));
    let message = format!(
        "Account: {count} are called “{typed}”. Enter the one meant with its number, such as {mend}."
    );
    Error::field("account", message)
}

/// “A”, “B” or “C”.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}
