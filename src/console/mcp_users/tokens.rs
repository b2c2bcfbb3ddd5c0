//! A token as people see it: what it is now by the clock, and its scopes in words.

use super::parts::number;
use crate::clock::Timestamp;
use crate::domain::grant::{EndReason, TokenStatus};
use crate::domain::scope::{ScopeRow, ScopeSet};
use crate::ids::TokenId;
use crate::store::tokens::TokenRow;

/// A token as it is shown.
pub(crate) struct TokenLine {
    /// Row id.
    pub id: TokenId,
    /// The client's name, or the name of a personal access token.
    pub name: String,
    /// The owner's own name for the connection.
    pub label: Option<String>,
    /// OAuth or Personal access token.
    pub kind: &'static str,
    /// Whether it is a personal access token.
    pub is_personal: bool,
    /// Whether an administrator vouches for the client.
    pub trust: Option<&'static str>,
    /// What it is now.
    pub status: TokenStatus,
    /// What it allows.
    pub scopes: Vec<&'static ScopeRow>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last tool call with it.
    pub last_used_at: Option<Timestamp>,
    /// When it ends or ended unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was and that was written down.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it, or why.
    pub revoked_by: Option<&'static str>,
}

impl TokenLine {
    pub fn new(row: TokenRow, now: Timestamp) -> Self {
        let status = row.status(now);
        let is_revoked = status == TokenStatus::Revoked;
        Self {
            status,
            revoked_at: row.ended_at.filter(|_| is_revoked),
            revoked_by: row
                .end_reason
                .as_deref()
                .filter(|_| is_revoked)
                .and_then(EndReason::in_words),
            id: row.id,
            is_personal: row.kind == "personal",
            kind: if row.kind == "personal" { "Personal access token" } else { "OAuth" },
            trust: row.client_trust.as_deref().map(|trust| match trust {
                "verified" => "Verified client",
                "blocked" => "Blocked client",
                _ => "Unverified client",
            }),
            scopes: ScopeSet::parse_known(&row.scopes).iter().map(|scope| scope.row()).collect(),
            name: row.label,
            label: row.connection_label.filter(|label| !label.is_empty()),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }

    /// Whether it works.
    pub fn is_active(&self) -> bool {
        self.status == TokenStatus::Active
    }

    /// Whether there is something left to revoke.
    pub fn has_not_ended(&self) -> bool {
        self.status.has_not_ended()
    }
}

/// Tokens that have not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Live {
    /// Those that work.
    pub active: i64,
    /// Those that would, were their client not blocked.
    pub blocked: i64,
}

impl Live {
    /// Of these tokens.
    pub fn of(lines: &[TokenLine]) -> Self {
        let count = |status: TokenStatus| {
            let of_status = lines.iter().filter(|line| line.status == status).count();
            i64::try_from(of_status).unwrap_or(i64::MAX)
        };
        Self { active: count(TokenStatus::Active), blocked: count(TokenStatus::Blocked) }
    }

    /// All of them.
    pub fn all(self) -> i64 {
        self.active + self.blocked
    }

    /// How many there are: "2 active tokens and 1 token of a blocked client".
    pub fn in_words(self) -> String {
        let active = match self.active {
            1 => "1 active token".to_owned(),
            some => format!("{} active tokens", number(&some)),
        };
        let blocked = match self.blocked {
            0 => return active,
            1 => "1 token of a blocked client".to_owned(),
            some => format!("{} tokens of blocked clients", number(&some)),
        };
        if self.active == 0 { blocked } else { format!("{active} and {blocked}") }
    }
}

/// A user's tokens: working ones, blocked ones, those that have ended.
pub(crate) fn lines(rows: Vec<TokenRow>, now: Timestamp) -> Vec<TokenLine> {
    let mut lines: Vec<_> = rows.into_iter().map(|row| TokenLine::new(row, now)).collect();
    // Stable: within each part the newest stay first.
    lines.sort_by_key(|line| (!line.is_active(), !line.has_not_ended()));
    lines
}

/// The clients of tokens that have not ended, each once, as words: "Claude, Codex and Cursor"; empty
/// if there are none.
pub(crate) fn clients_in_words(lines: &[TokenLine]) -> String {
    let mut names: Vec<&str> =
        lines.iter().filter(|line| line.has_not_ended()).map(|line| line.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if first.len() < 5 => format!("{} and {last}", first.join(", ")),
        [first, second, third, rest @ ..] => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    fn row(label: &str, state: &str, expires_at: i64) -> TokenRow {
        TokenRow {
            id: TokenId(1),
            user_id: UserId(1),
            kind: "oauth".into(),
            label: label.into(),
            scopes: "stores:read gone:scope".into(),
            state: state.into(),
            created_at: Timestamp(0),
            last_used_at: None,
            expires_at: Timestamp(expires_at),
            consent_id: None,
            client_trust: Some("unverified".into()),
            connection_label: None,
            ended_at: None,
            end_reason: None,
        }
    }

    #[test]
    fn working_tokens_come_first_and_the_clock_decides_which_those_are() {
        let rows =
            vec![row("Late", "active", 10), row("Ended", "revoked", 90), row("On", "active", 90)];
        let lines = lines(rows, Timestamp(50));
        let names: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.status)).collect();
        assert_eq!(
            names,
            [
                ("On", TokenStatus::Active),
                ("Late", TokenStatus::Expired),
                ("Ended", TokenStatus::Revoked)
            ]
        );
        assert_eq!(lines[0].scopes.len(), 1);
    }

    #[test]
    fn only_what_was_revoked_says_when_and_by_whom() {
        let ended = |state: &str, reason: &str| TokenRow {
            ended_at: Some(Timestamp(40)),
            end_reason: Some(reason.into()),
            ..row("Claude", state, 90)
        };
        let told = |row| {
            let line = TokenLine::new(row, Timestamp(50));
            (line.revoked_at, line.revoked_by)
        };
        let revoked = told(ended("revoked", "revoked_by_administrator"));
        assert_eq!(revoked, (Some(Timestamp(40)), Some("By an administrator")));
        assert_eq!(told(ended("revoked", "of a later version")), (Some(Timestamp(40)), None));
        assert_eq!(told(ended("expired", "expired")), (None, None));
        assert_eq!(told(row("Claude", "revoked", 90)), (None, None), "it is not made up");
    }

    #[test]
    fn tokens_of_a_blocked_client_come_between_and_are_not_active() {
        let blocked = |row: TokenRow| TokenRow { client_trust: Some("blocked".into()), ..row };
        let rows = vec![
            row("Ended", "revoked", 90),
            blocked(row("Bad", "active", 90)),
            row("On", "active", 90),
            blocked(row("Over", "active", 10)),
        ];
        let lines = lines(rows, Timestamp(50));
        let names: Vec<_> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["On", "Bad", "Ended", "Over"]);
        assert_eq!(lines[1].status, TokenStatus::Blocked);
        assert_eq!(lines[3].status, TokenStatus::Expired);
        assert_eq!(Live::of(&lines), Live { active: 1, blocked: 1 });
        assert_eq!(clients_in_words(&lines), "Bad and On");
    }

    #[test]
    fn what_has_not_ended_is_counted_in_words() {
        let words = |active, blocked| Live { active, blocked }.in_words();
        assert_eq!(words(0, 0), "0 active tokens");
        assert_eq!(words(1, 0), "1 active token");
        assert_eq!(words(1200, 1), "1,200 active tokens and 1 token of a blocked client");
        assert_eq!(words(0, 2), "2 tokens of blocked clients");
    }

    #[test]
    fn clients_read_as_a_sentence() {
        let words = |labels: &[&str]| {
            let rows = labels.iter().map(|label| row(label, "active", 90)).collect();
            clients_in_words(&lines(rows, Timestamp(50)))
        };
        assert_eq!(words(&[]), "");
        assert_eq!(words(&["Claude", "Claude"]), "Claude");
        assert_eq!(words(&["Cursor", "Claude", "Codex"]), "Claude, Codex and Cursor");
        assert_eq!(words(&["A", "B", "C", "D", "E", "F", "G"]), "A, B, C and 4 more");
    }
}
