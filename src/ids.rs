//! Row ids as their own types, so that a token's id can never be passed where a user's is meant.

use diesel_derive_newtype::DieselNewType;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DieselNewType)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A customer or team: owns plan, quotas and credits.
    AccountId
}
id! {
    /// A plan that accounts are on.
    PlanId
}
id! {
    /// A role: console permissions and tools.
    RoleId
}
id! {
    /// A person who signs in.
    UserId
}
id! {
    /// A registered OAuth client (the row, not the `client_id` string on the wire).
    ClientRowId
}
id! {
    /// Registrations of clients that look alike.
    ClientGroupId
}
id! {
    /// A view of a grid that a person saved.
    GridViewId
}
id! {
    /// A user's standing approval of one client ("connection" in the console).
    ConsentId
}
id! {
    /// One authorization of one client, or one personal access token.
    TokenId
}
id! {
    /// A key of the REST API.
    ApiKeyId
}
id! {
    /// A store of the index.
    StoreId
}
id! {
    /// An import of stores or contacts.
    ImportId
}
