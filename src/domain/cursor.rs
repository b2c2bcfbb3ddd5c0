//! The position in a list, as the opaque text that a caller hands back (signed by the service).

use serde::{Deserialize, Serialize};

/// After which row the next page begins: the last row's sort value and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The sort column's value, if it had one.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none", default)]
    pub value: Option<i64>,
    /// The row's id, the tie-breaker.
    #[serde(rename = "i")]
    pub id: i64,
}
