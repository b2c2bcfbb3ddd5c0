//! The one table of settings, in the words of the screen and the manual.

use super::kind::{Kind, Opens, Place, Unit};

/// A card of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Who reaches the MCP endpoint at all.
    Endpoint,
    /// Which programs may become clients.
    Clients,
    /// How long what they get lasts.
    Tokens,
    /// Tokens that people make by hand.
    PersonalTokens,
    /// How long records are kept.
    Records,
    /// Who is told.
    Mail,
}

/// The cards in their order.
pub const GROUPS: [Group; 6] = [
    Group::Endpoint,
    Group::Clients,
    Group::Tokens,
    Group::PersonalTokens,
    Group::Records,
    Group::Mail,
];

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Endpoint => "Endpoint",
            Self::Clients => "Clients",
            Self::Tokens => "Tokens and consent",
            Self::PersonalTokens => "Personal access tokens",
            Self::Records => "Records",
            Self::Mail => "Mail",
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Setting {
    /// The name in the database, in forms and in the audit log.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The card it is on.
    pub group: Group,
    /// What it does.
    pub about: &'static str,
    /// When a change acts.
    pub when: &'static str,
    /// What follows when it is turned on, made longer or given more.
    pub up: &'static str,
    /// What follows when it is turned off, made shorter or given less.
    pub down: &'static str,
    /// What it may be.
    pub kind: Kind,
    pub(super) opens: Opens,
}

/// The setting of that name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

macro_rules! at {
    ($field:ident) => {
        Place { get: |settings| &settings.$field, at: |settings| &mut settings.$field }
    };
}

const NEXT_REQUEST: &str = "Takes effect on the next request.";
const NEW_TOKENS: &str =
    "Takes effect on the next request for a token; tokens already issued keep their time.";
const NEXT_CLEANING: &str = "Takes effect within a minute.";

/// Every setting, in the order of the screen.
pub static SETTINGS: [Setting; 16] = [
    Setting {
        name: "mcp_enabled",
        title: "MCP server enabled",
        group: Group::Endpoint,
        about: "The master switch: whether AI clients may call this server at all. Off, it closes the REST API too.",
        when: NEXT_REQUEST,
        up: "AI clients whose tokens still work may call again at once. What was revoked stays revoked.",
        down: "The very next request of every AI client of every person is refused until it is turned on again. No token is revoked by it.",
        kind: Kind::Switch(at!(mcp_enabled)),
        opens: Opens::Rising,
    },
    Setting {
        name: "allowed_ips",
        title: "Allowed IP addresses",
        group: Group::Endpoint,
        about: "From where AI clients may call: addresses and networks, one on a line, like 192.0.2.7 or 192.0.2.0/24. Empty allows all. This concerns the MCP endpoint and the REST API; the console stays reachable from everywhere. Clients on the web call from their maker's addresses, not from yours.",
        when: NEXT_REQUEST,
        up: "AI clients may call from addresses that were refused until now.",
        down: "The very next request from any address that is not on the list is refused, whatever token it carries.",
        kind: Kind::Networks(at!(allowed_ips)),
        opens: Opens::Rising,
    },
    Setting {
        name: "allowed_origins",
        title: "Allowed origins",
        group: Group::Endpoint,
        about: "Web pages, besides this server's own, whose scripts may call the MCP endpoint from a browser: one on a line, like https://inspector.example. Programs that are no web pages do not need it.",
        when: NEXT_REQUEST,
        up: "Scripts of these web pages may call the MCP endpoint, with a token, from the browser of whoever opens them.",
        down: "Scripts of the web pages that you took off are refused from their next request on.",
        kind: Kind::Origins(at!(allowed_origins)),
        opens: Opens::Rising,
    },
    Setting {
        name: "dynamic_registration",
        title: "Dynamic registration",
        group: Group::Clients,
        about: "Whether AI clients may register themselves. Most need it to connect for the first time. A registered client still gets nothing until a person approves it.",
        when: NEXT_REQUEST,
        up: "Any program may register as a client and ask your people for approval.",
        down: "New programs can no longer register themselves: most AI clients cannot be connected for the first time. Registered ones stay.",
        kind: Kind::Switch(at!(dynamic_registration)),
        opens: Opens::Rising,
    },
    Setting {
        name: "metadata_documents",
        title: "Client metadata documents",
        group: Group::Clients,
        about: "Whether clients may name themselves by the address of a document. Known accepts the well-known ones that come with this version; On also fetches the document of any other client; Off accepts none.",
        when: NEXT_REQUEST,
        up: "More clients may name themselves by a document and ask your people for approval.",
        down: "Clients that name themselves by a document that is no longer accepted cannot be connected.",
        kind: Kind::Documents(at!(metadata_documents)),
        opens: Opens::Rising,
    },
    Setting {
        name: "access_token_seconds",
        title: "Access token lifetime",
        group: Group::Tokens,
        about: "How long an access token works before the client must renew it. Revoking acts at once whatever is chosen here.",
        when: NEW_TOKENS,
        up: "A stolen access token works for longer.",
        down: "Clients renew their tokens more often. People notice nothing.",
        kind: Kind::Number {
            place: at!(access_token_seconds),
            unit: Unit::Seconds,
            least: 900,
            most: 86_400,
        },
        opens: Opens::Rising,
    },
    Setting {
        name: "refresh_token_seconds",
        title: "Refresh token lifetime, idle",
        group: Group::Tokens,
        about: "After how long without any use a connection ends, so that its person has to connect again.",
        when: NEW_TOKENS,
        up: "Connections that nobody uses stay open for longer.",
        down: "Clients that are not used for that long have to be connected again.",
        kind: Kind::Number {
            place: at!(refresh_token_seconds),
            unit: Unit::Seconds,
            least: 3600,
            most: 31_536_000,
        },
        opens: Opens::Rising,
    },
    Setting {
        name: "refresh_absolute_seconds",
        title: "Refresh token lifetime, in all",
        group: Group::Tokens,
        about: "After how long a connection ends even if it is used every day.",
        when: "Takes effect on the next request for connections made from then on; existing ones keep their end.",
        up: "A connection lasts longer before its person is asked to connect again.",
        down: "People connect their clients again more often.",
        kind: Kind::Number {
            place: at!(refresh_absolute_seconds),
            unit: Unit::Seconds,
            least: 3600,
            most: 63_072_000,
        },
        opens: Opens::Rising,
    },
    Setting {
        name: "refresh_retry_seconds",
        title: "Refresh retry window",
        group: Group::Tokens,
        about: "How long a client whose connection broke while renewing may ask again with its old refresh token. After it the same token counts as stolen and ends the connection. 0 means never.",
        when: NEXT_REQUEST,
        up: "A stolen refresh token that was used already yields access tokens for a longer moment.",
        down: "Clients on bad networks lose their connection more often and have to be connected again.",
        kind: Kind::Number {
            place: at!(refresh_retry_seconds),
            unit: Unit::Seconds,
            least: 0,
            most: 300,
        },
        opens: Opens::Rising,
    },
    Setting {
        name: "code_seconds",
        title: "Authorization code lifetime",
        group: Group::Tokens,
        about: "How long a client has, after a person has approved it, to fetch its first token.",
        when: "Takes effect on the next request, for approvals given from then on.",
        up: "A code that somebody intercepts can be tried for longer.",
        down: "Slow clients may fail to connect.",
        kind: Kind::Number { place: at!(code_seconds), unit: Unit::Seconds, least: 10, most: 600 },
        opens: Opens::Rising,
    },
    Setting {
        name: "require_consent",
        title: "Require consent",
        group: Group::Tokens,
        about: "Whether people are asked at every new connection what the client may do. No lets an earlier approval stand for verified clients on the web, at the same address and for the same permissions; programs on people’s own computers always ask.",
        when: NEXT_REQUEST,
        up: "People are asked each time a client connects.",
        down: "A verified web client that was approved before connects again without asking, for what was approved then.",
        kind: Kind::Switch(at!(require_consent)),
        opens: Opens::Falling,
    },
    Setting {
        name: "personal_access_tokens",
        title: "Personal access tokens",
        group: Group::PersonalTokens,
        about: "Whether people may make tokens by hand, for programs that cannot sign in. Whoever holds such a token may call with it.",
        when: NEXT_REQUEST,
        up: "People may make tokens by hand, and those made before that have not expired or been revoked work again.",
        down: "The very next request with any personal access token is refused. They are not revoked: turning this on again makes them work again.",
        kind: Kind::Switch(at!(personal_access_tokens)),
        opens: Opens::Rising,
    },
    Setting {
        name: "personal_token_days",
        title: "Longest life of a personal access token",
        group: Group::PersonalTokens,
        about: "The longest time a person may choose for a token made by hand.",
        when: "Takes effect on the next request, for tokens made from then on.",
        up: "People may make tokens that work for longer.",
        down: "New tokens end sooner. Those made before keep their end.",
        kind: Kind::Number {
            place: at!(personal_token_days),
            unit: Unit::Days,
            least: 1,
            most: 365,
        },
        opens: Opens::Rising,
    },
    Setting {
        name: "activity_days",
        title: "Keep activity",
        group: Group::Records,
        about: "How long each call of a client is kept in the activity log. At least 31 days, because the screens count calls of a month.",
        when: NEXT_CLEANING,
        up: "Calls are kept for longer. What was deleted does not come back.",
        down: "Calls that are older are deleted within a minute. This cannot be undone.",
        kind: Kind::Number { place: at!(activity_days), unit: Unit::Days, least: 31, most: 3650 },
        opens: Opens::Falling,
    },
    Setting {
        name: "audit_days",
        title: "Keep audit log",
        group: Group::Records,
        about: "How long the log of what people and this server did is kept.",
        when: NEXT_CLEANING,
        up: "Entries are kept for longer. What was deleted does not come back.",
        down: "Entries that are older are deleted within a minute. This cannot be undone; export them first.",
        kind: Kind::Number { place: at!(audit_days), unit: Unit::Days, least: 31, most: 3650 },
        opens: Opens::Falling,
    },
    Setting {
        name: "new_client_mail",
        title: "Mail about new clients",
        group: Group::Mail,
        about: "Whether people get an e-mail when a client is connected to their account for the first time.",
        when: NEXT_REQUEST,
        up: "People are told by e-mail about each new client.",
        down: "People are no longer told when somebody connects a client in their name.",
        kind: Kind::Switch(at!(new_client_mail)),
        opens: Opens::Never,
    },
];
