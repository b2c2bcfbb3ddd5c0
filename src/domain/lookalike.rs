//! Which registrations of clients look alike to a person: programs that register anew at every
//! installation do so under the same name and the same redirect hosts.

use crate::secrets::sha256_base64url;

use super::redirect;

/// What a registration has in common with those that look like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    /// The same for all that look alike, and for no others.
    pub key: String,
    /// Their name.
    pub name: String,
    /// Where their redirect URIs lead.
    pub redirect_host: String,
    /// How they came: `dynamic`, `metadata_document`, `manual`.
    pub registration: String,
}

impl Lookalike {
    /// Of a registration with these redirect URIs, one a line. Only dynamic ones are grouped: the
    /// others are one of a kind, and no dynamic one must pass for one of them.
    pub fn of(registration: &str, client_id: &str, name: &str, redirect_uris: &str) -> Self {
        let redirect_host = redirect::shown_hosts(redirect_uris.lines());
        let common = match registration {
            "dynamic" => format!("{name}\n{redirect_host}"),
            _ => client_id.to_owned(),
        };
        Self {
            key: sha256_base64url(format!("{registration}\n{common}").as_bytes()),
            name: name.to_owned(),
            redirect_host,
            registration: registration.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_share_name_and_hosts_and_came_by_themselves() {
        let key = |registration, id, name, uris| Lookalike::of(registration, id, name, uris).key;
        let one = key("dynamic", "1", "Codex", "http://127.0.0.1:4711/callback");
        assert_eq!(one, key("dynamic", "2", "Codex", "http://127.0.0.1:9999/cb"));
        assert_ne!(one, key("dynamic", "3", "Codex", "https://evil.example/callback"));
        let more = "http://127.0.0.1/callback\nhttps://evil.example/callback";
        assert_ne!(one, key("dynamic", "4", "Codex", more));
        assert_ne!(one, key("dynamic", "5", "codex", "http://127.0.0.1/callback"));
        assert_ne!(one, key("manual", "6", "Codex", "http://127.0.0.1/callback"));
        assert_ne!(key("manual", "6", "A", "b://c"), key("manual", "7", "A", "b://c"));
    }
}
