//! `reveal_contacts`: the channels of contacts, for credits. Counted and written down by
//! `service::reveal`, in the transaction that spends them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Caller, Line, output, paid};
use crate::domain::audit::Outcome;
use crate::domain::credit::{KEY_PATTERN, LONGEST_KEY, MOST_CONTACTS, RevealedContact};
use crate::domain::tool::Tool;
use crate::error::Result;
use crate::service::Ctx;
use crate::service::reveal::{self, Payer, Request};

/// What `reveal_contacts` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// `contact_id`s of search_contacts or enrich_domains, 1 to 10.
    #[schemars(length(min = 1, max = MOST_CONTACTS))]
    contact_ids: Vec<String>,
    /// Must be true to spend credits; without it the answer says what it would cost.
    #[serde(default)]
    confirm_spend_credits: bool,
    /// A text of your choice, at most 255 characters without spaces: the same call with the same
    /// key gets the first answer again, free of charge, for 24 hours.
    #[serde(default)]
    #[schemars(length(min = 1, max = LONGEST_KEY), regex(pattern = KEY_PATTERN))]
    idempotency_key: Option<String>,
}

/// What `reveal_contacts` returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Each contact once, in the order given.
    data: Vec<RevealedContact>,
    /// Credits this call spent.
    credits_spent: i64,
    /// Credits left this month.
    credits_remaining: i64,
    /// Whether this is the answer of an earlier call with the same key.
    replayed: bool,
}

/// # Errors
/// Outside, when nothing has been written down yet; inside, what was refused and written down.
pub(super) async fn run(
    ctx: &Ctx,
    caller: &Caller,
    line: &Line,
    input: Input,
) -> Result<Result<Value>> {
    let name = Tool::RevealContacts.row().name;
    let call = caller.record(ctx, name, Outcome::Ok.as_str(), 200, None, 0);
    let request = Request {
        ids: input.contact_ids,
        confirm: input.confirm_spend_credits,
        idempotency_key: input.idempotency_key,
    };
    let (payer, line) = (Payer::from(&caller.principal), line.clone());
    let is_gone = move || line.is_cut();
    let answer = reveal::reveal_unless(ctx, payer, request, call, is_gone).await?;
    if answer.as_ref().is_ok_and(|answer| !answer.replayed) {
        paid(ctx, caller);
    }
    Ok(answer.and_then(|answer| {
        output(&Output {
            data: answer.contacts,
            credits_spent: answer.credits_spent,
            credits_remaining: answer.credits_remaining,
            replayed: answer.replayed,
        })
    }))
}
