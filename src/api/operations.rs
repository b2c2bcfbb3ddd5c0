//! The table of operations: where each call of the tools is in the REST API, and how it can fail.

use crate::domain::tool::Tool;
use crate::error::ErrorCode;

/// An operation of the REST API.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// HTTP method.
    pub method: &'static str,
    /// Path with its variables.
    pub path: &'static str,
    /// The call behind it.
    pub tool: Tool,
    /// What it does and costs.
    pub about: &'static str,
}

const fn operation(
    method: &'static str,
    path: &'static str,
    tool: Tool,
    about: &'static str,
) -> Operation {
    Operation { method, path, tool, about }
}

/// The table.
pub const OPERATIONS: [Operation; 7] = [
    operation(
        "GET",
        "/api/v1/usage",
        Tool::GetUsage,
        "Plan, API access and, for requests, search rows and credits: limit, used, remaining and reset time. Costs nothing.",
    ),
    operation(
        "GET",
        "/api/v1/taxonomy",
        Tool::ListTaxonomy,
        "Every filter of the searches, with its possible values and their labels. Costs nothing.",
    ),
    operation(
        "GET",
        "/api/v1/stores/{domain}",
        Tool::GetStore,
        "The full profile of one store by its domain name. Costs 1 request.",
    ),
    operation(
        "POST",
        "/api/v1/stores/search",
        Tool::SearchStores,
        "Stores that match all given filters, a page at a time. Costs 1 request and 1 search row for each store returned. Pass next_cursor back as cursor for the next page, with the same filters and sort.",
    ),
    operation(
        "POST",
        "/api/v1/stores/enrich",
        Tool::EnrichDomains,
        "What the index has of up to 100 domains: for each the store's profile with previews of its first contacts, or not_found. Costs 1 request and 1 search row for each store found.",
    ),
    operation(
        "POST",
        "/api/v1/contacts/search",
        Tool::SearchContacts,
        "Previews of people who work at stores: who it is and which channels a reveal would give, never an address. Costs 1 request and 1 search row for each contact returned.",
    ),
    operation(
        "POST",
        "/api/v1/contacts/reveal",
        Tool::RevealContacts,
        "E-mail address, phone number and LinkedIn page of 1 to 10 contacts. SPENDS CREDITS, without asking again: 1 for each contact that the account reveals for the first time; again is free, and so are unknown ids and contacts with nothing safe to give. Send an Idempotency-Key to repeat a request safely: the same body gets the first answer again at no charge, for 24 hours.",
    ),
];

impl Operation {
    /// Whether its arguments are a JSON body.
    pub fn has_body(&self) -> bool {
        self.method == "POST"
    }

    /// The codes that it can fail with.
    pub fn errors(&self) -> Vec<ErrorCode> {
        let mut codes = vec![
            ErrorCode::MissingApiKey,
            ErrorCode::InvalidApiKey,
            ErrorCode::RevokedApiKey,
            ErrorCode::WrongCredential,
            ErrorCode::IpNotAllowed,
            ErrorCode::PermissionDenied,
            ErrorCode::InsufficientScope,
            ErrorCode::RateLimitExceeded,
            ErrorCode::InternalError,
            ErrorCode::McpDisabled,
            ErrorCode::Unavailable,
        ];
        if self.has_body() {
            codes.extend([
                ErrorCode::InvalidRequest,
                ErrorCode::BodyTooLarge,
                ErrorCode::UnsupportedMediaType,
            ]);
        }
        if self.tool.row().costs_request {
            codes.extend([ErrorCode::ApiAccessDisabled, ErrorCode::DailyLimitExceeded]);
        }
        codes.extend_from_slice(match self.tool {
            Tool::GetUsage | Tool::ListTaxonomy => &[],
            // A domain that is the name of another operation's address has another method.
            Tool::GetStore => {
                &[ErrorCode::InvalidDomain, ErrorCode::NotFound, ErrorCode::MethodNotAllowed]
            }
            Tool::SearchStores | Tool::SearchContacts => {
                &[ErrorCode::InvalidCursor, ErrorCode::RowQuotaExceeded]
            }
            Tool::EnrichDomains => &[ErrorCode::RowQuotaExceeded],
            Tool::RevealContacts => &[
                ErrorCode::InvalidContactId,
                ErrorCode::InsufficientCredits,
                ErrorCode::IdempotencyConflict,
            ],
        });
        codes
    }
}
