//! The field in which an account is chosen for somebody: a list of all accounts, or, where there are
//! too many for one, their name. Both are read whatever the page was shown with.

use crate::error::{Error, Result};
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::service::accounts::choose;

/// The field with what it holds.
pub(in crate::console) struct AccountField {
    /// All accounts by name; nothing where there are too many.
    pub listed: Option<Vec<(AccountId, String)>>,
    /// The number of the one chosen in the list.
    pub id: String,
    /// What is entered where there is no list.
    pub name: String,
}

impl AccountField {
    /// The field with that account chosen. With none, nobody is chosen by chance: only where there is
    /// but one account, it is that.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn load(ctx: &Ctx, chosen: Option<AccountId>) -> Result<Self> {
        let id = chosen.map(|account| account.to_string()).unwrap_or_default();
        let mut field = Self::again(ctx, &id, "").await?;
        if let (None, Some([(only, _)])) = (chosen, field.listed.as_deref()) {
            field.id = only.to_string();
        }
        Ok(field)
    }

    /// The field with what was chosen or entered in it.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn again(ctx: &Ctx, id: &str, name: &str) -> Result<Self> {
        let listed = choose::listed(ctx).await?;
        let (mut id, mut name) = (id.to_owned(), name.to_owned());
        if listed.is_none() && name.is_empty() {
            name = label_of(ctx, &id).await?;
        }
        if listed.is_some() && id.is_empty() && !name.is_empty() {
            id = choose::named(ctx, &name).await.map(|id| id.to_string()).unwrap_or_default();
        }
        Ok(Self { listed, id, name })
    }

    /// Whether an account of the list is chosen.
    pub fn has_choice(&self) -> bool {
        let mut listed = self.listed.iter().flatten();
        listed.any(|(id, _)| id.to_string() == self.id)
    }
}

async fn label_of(ctx: &Ctx, id: &str) -> Result<String> {
    match id.parse().map(AccountId) {
        Ok(account) => Ok(choose::label(ctx, account).await?.unwrap_or_default()),
        Err(_) => Ok(String::new()),
    }
}

/// The account that a form says, by its name or by its number.
///
/// # Errors
/// Names `account`, or that the database cannot answer.
pub(in crate::console) async fn chosen(ctx: &Ctx, id: &str, name: &str) -> Result<AccountId> {
    match (id.trim(), name.trim()) {
        ("", "") => Err(Error::field("account", "Account: say which one they belong to.")),
        (id, "") => id
            .parse()
            .map(AccountId)
            .map_err(|_| Error::field("account", "Account: choose one of the list.")),
        (_, name) => choose::named(ctx, name).await,
    }
}
