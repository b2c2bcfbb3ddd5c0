//! Clients, consents and tokens of the sample, and the totals kept on the user rows.

use diesel::prelude::*;

use super::people::{Kind, Person};
use super::random::Random;
use super::{DAY, MINUTE};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{clients, consents, tokens, users};
use crate::domain::grant::EndReason;
use crate::domain::lookalike::Lookalike;
use crate::domain::scope::{Scope, ScopeSet};
use crate::error::Result;
use crate::store::client_groups;

/// The programs: name, redirect URI, how it is registered, whether its registration is shared by
/// all users (a web client) or made by each installation.
const PROGRAMS: [(&str, &str, &str, bool); 6] = [
    ("Claude Code", "http://localhost/callback", "dynamic", false),
    ("ChatGPT", "https://chatgpt.example/connector/oauth/callback", "metadata_document", true),
    ("Cursor", "cursor://anysphere.cursor-mcp/oauth/callback", "dynamic", false),
    ("VS Code", "http://127.0.0.1:33418/", "metadata_document", true),
    ("Gemini CLI", "http://localhost/oauth/callback", "dynamic", false),
    ("Codex", "http://127.0.0.1/callback", "dynamic", false),
];

/// Idle and absolute life of a token, as the settings have them by default.
const IDLE: i64 = 30 * DAY;
const ABSOLUTE: i64 = 180 * DAY;

/// A registered client of the sample.
pub(super) struct Client {
    pub id: i64,
    pub name: &'static str,
    pub created_at: i64,
}

/// A token of the sample.
pub(super) struct Token {
    pub id: i64,
    /// Place of its user in the list of people.
    pub person: usize,
    pub client: Option<i64>,
    pub label: String,
    pub created_at: i64,
    pub ended: Option<(i64, EndReason)>,
    /// Its first answered call.
    pub first_used_at: Option<i64>,
    /// Its last answered call; set when the activity is made.
    pub last_used_at: Option<i64>,
}

/// How a connection stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Expired,
    Revoked(EndReason),
}

/// Writes clients, consents and tokens.
pub(super) fn load(
    conn: &mut Conn,
    random: &mut Random,
    now: Timestamp,
    resource: &str,
    people: &[Person],
) -> Result<(Vec<Client>, Vec<Token>)> {
    let mut maker = Maker {
        now: now.0,
        resource: resource.to_owned(),
        clients: Vec::new(),
        tokens: Vec::new(),
        shared: Vec::new(),
    };
    for (place, person) in people.iter().enumerate() {
        if matches!(person.kind, Kind::NeverConnected | Kind::NeverEnabled | Kind::Invited) {
            continue;
        }
        if person.kind == Kind::Dormant {
            maker.dormant(conn, random, place, person)?;
            continue;
        }
        // The demo's administrator has every program connected, and so more than the grid shows.
        let count = if place == 0 { PROGRAMS.len() } else { 1 + place % 4 };
        let from = if place == 0 { 0 } else { place * 5 };
        for program in PROGRAMS.iter().cycle().skip(from % PROGRAMS.len()).take(count) {
            maker.connect(conn, random, place, person, program)?;
        }
        if place % 6 == 1 {
            maker.personal(conn, random, place, person)?;
        }
    }
    Ok((maker.clients, maker.tokens))
}

struct Maker {
    resource: String,
    now: i64,
    clients: Vec<Client>,
    tokens: Vec<Token>,
    /// Clients that all users share, by name.
    shared: Vec<(&'static str, i64)>,
}

impl Maker {
    /// A client with its consent, its present token and perhaps an earlier one.
    fn connect(
        &mut self,
        conn: &mut Conn,
        random: &mut Random,
        place: usize,
        person: &Person,
        program: &(&'static str, &'static str, &'static str, bool),
    ) -> Result<()> {
        let (name, redirect_uri, ..) = *program;
        let state = match (person.kind, place) {
            (Kind::Disabled, _) => State::Revoked(EndReason::AccessDisabled),
            (Kind::Suspended, _) => State::Revoked(EndReason::UserSuspended),
            // What the demo's two people see first is mostly alive.
            (_, 0 | 1) if name != "Cursor" => State::Active,
            _ => match random.between(1, 10) {
                1..=6 => State::Active,
                7 | 8 => State::Expired,
                9 => State::Revoked(EndReason::RevokedByUser),
                _ => State::Revoked(EndReason::RevokedByClient),
            },
        };
        let age = self.now - person.created_at;
        let consented = match state {
            State::Expired => self.now - random.between(40, 50) * DAY,
            _ => self.now - random.between(2, 55) * DAY - random.between(0, 1_000) * MINUTE,
        };
        let consented = consented.max(self.now - age);
        let client = self.client(conn, random, program, consented)?;
        // Only the person's own revocation takes the approval back; the rest ends tokens.
        let revoked = matches!(state, State::Revoked(EndReason::RevokedByUser));
        let end = (consented + self.now) / 2;
        let scopes = if random.percent(70) {
            ScopeSet::of_resource()
        } else {
            [Scope::UsageRead, Scope::StoresRead].into_iter().collect()
        };
        // Some signed in anew after a while: the earlier family ran out.
        let early = (state == State::Active && random.percent(35))
            .then(|| consented - IDLE - random.between(1, 9) * DAY)
            .filter(|early| *early > person.created_at);
        let consent: i64 = diesel::insert_into(consents::table)
            .values((
                consents::user_id.eq(person.id),
                consents::client_id.eq(client),
                consents::redirect_uri.eq(redirect_uri),
                consents::scopes.eq(scopes.to_string()),
                consents::created_at.eq(early.unwrap_or(consented)),
                consents::updated_at.eq(if revoked { end } else { consented }),
                consents::revoked_at.eq(revoked.then_some(end)),
            ))
            .returning(consents::id)
            .get_result(conn)?;
        let origin = (Some((client, consent)), name, scopes);
        if let Some(early) = early {
            let ended = (early + IDLE, EndReason::Expired);
            self.token(conn, place, person, &origin, early, Some(ended), early + IDLE)?;
        }
        let (ended, expires) = match state {
            State::Active => (None, (self.now + IDLE).min(consented + ABSOLUTE)),
            State::Expired => {
                let end = (consented + IDLE).min(self.now - DAY);
                (Some((end, EndReason::Expired)), end)
            }
            State::Revoked(reason) => (Some((end, reason)), end + IDLE),
        };
        self.token(conn, place, person, &origin, consented, ended, expires)
    }

    /// A client that was connected on the first day, used for some days, and then forgotten, longer
    /// ago than calls are kept.
    fn dormant(
        &mut self,
        conn: &mut Conn,
        random: &mut Random,
        place: usize,
        person: &Person,
    ) -> Result<()> {
        let Some(program) = PROGRAMS.first() else { return Ok(()) };
        let (name, redirect_uri, ..) = *program;
        let consented = person.created_at + random.between(10, 600) * MINUTE;
        let last = (consented + random.between(1, 5) * DAY).min(self.now - 92 * DAY);
        let client = self.client(conn, random, program, consented)?;
        let scopes = ScopeSet::of_resource();
        let consent: i64 = diesel::insert_into(consents::table)
            .values((
                consents::user_id.eq(person.id),
                consents::client_id.eq(client),
                consents::redirect_uri.eq(redirect_uri),
                consents::scopes.eq(scopes.to_string()),
                consents::created_at.eq(consented),
                consents::updated_at.eq(consented),
            ))
            .returning(consents::id)
            .get_result(conn)?;
        let origin = (Some((client, consent)), name, scopes);
        let end = last + IDLE;
        self.token(conn, place, person, &origin, consented, Some((end, EndReason::Expired)), end)?;
        if let Some(token) = self.tokens.last_mut() {
            token.last_used_at = Some(last);
        }
        Ok(())
    }

    fn personal(
        &mut self,
        conn: &mut Conn,
        random: &mut Random,
        place: usize,
        person: &Person,
    ) -> Result<()> {
        let made = (self.now - random.between(5, 25) * DAY).max(person.created_at);
        let ended = match person.kind {
            Kind::Disabled => Some(EndReason::AccessDisabled),
            Kind::Suspended => Some(EndReason::UserSuspended),
            _ => None,
        };
        let ended = ended.map(|reason| ((made + self.now) / 2, reason));
        let scopes = [Scope::UsageRead, Scope::StoresRead].into_iter().collect();
        let origin = (None, "Weekly report", scopes);
        self.token(conn, place, person, &origin, made, ended, made + 90 * DAY)
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of a row, once")]
    fn token(
        &mut self,
        conn: &mut Conn,
        place: usize,
        person: &Person,
        origin: &(Option<(i64, i64)>, &str, ScopeSet),
        created_at: i64,
        ended: Option<(i64, EndReason)>,
        expires_at: i64,
    ) -> Result<()> {
        let (grant, label, scopes) = origin;
        let state = match ended {
            None => "active",
            Some((_, EndReason::Expired)) => "expired",
            Some(_) => "revoked",
        };
        // Not a SHA-256 of anything: no secret can be presented for it.
        let no_secret = format!("demo-token-{:04}", self.tokens.len());
        let id: i64 = diesel::insert_into(tokens::table)
            .values((
                tokens::kind.eq(if grant.is_some() { "oauth" } else { "personal" }),
                tokens::user_id.eq(person.id),
                tokens::client_id.eq(grant.map(|(client, _)| client)),
                tokens::consent_id.eq(grant.map(|(_, consent)| consent)),
                tokens::label.eq(label),
                tokens::secret_hash.eq(grant.is_none().then_some(no_secret)),
                tokens::scopes.eq(scopes.to_string()),
                tokens::resource.eq(&self.resource),
                tokens::state.eq(state),
                tokens::created_at.eq(created_at),
                tokens::expires_at.eq(expires_at),
                tokens::absolute_expires_at.eq((created_at + ABSOLUTE).max(expires_at)),
                tokens::ended_at.eq(ended.map(|(at, _)| at)),
                tokens::end_reason.eq(ended.map(|(_, reason)| reason.as_str())),
            ))
            .returning(tokens::id)
            .get_result(conn)?;
        self.tokens.push(Token {
            id,
            person: place,
            client: grant.map(|(client, _)| client),
            label: (*label).to_owned(),
            created_at,
            ended,
            first_used_at: None,
            last_used_at: None,
        });
        Ok(())
    }

    /// The client's row: one for all users of a web client, one for each installation otherwise.
    fn client(
        &mut self,
        conn: &mut Conn,
        random: &mut Random,
        program: &(&'static str, &'static str, &'static str, bool),
        consented: i64,
    ) -> Result<i64> {
        let (name, redirect_uri, registration, shared) = *program;
        if let Some((_, id)) = self.shared.iter().find(|(known, _)| shared && *known == name) {
            return Ok(*id);
        }
        let created_at = if shared { self.now - 190 * DAY } else { consented - MINUTE };
        let number = self.clients.len();
        let slug = name.to_lowercase().replace(' ', "-");
        let client_id = if registration == "dynamic" {
            format!("demo-{slug}-{number:03}")
        } else {
            format!("https://{slug}.example/oauth/client.json")
        };
        let alike = Lookalike::of(registration, &client_id, name, redirect_uri);
        let group = client_groups::keep(conn, &alike)?;
        let address = (registration == "dynamic").then(|| random.address().to_string());
        let id: i64 = diesel::insert_into(clients::table)
            .values((
                clients::client_id.eq(client_id),
                clients::group_id.eq(group),
                clients::name.eq(name),
                clients::registration.eq(registration),
                clients::trust.eq(if shared { "verified" } else { "unverified" }),
                clients::auth_method.eq("none"),
                clients::redirect_uris.eq(redirect_uri),
                clients::created_address.eq(address),
                clients::created_at.eq(created_at),
                clients::first_consent_at.eq(if shared { created_at + DAY } else { consented }),
            ))
            .returning(clients::id)
            .get_result(conn)?;
        self.clients.push(Client { id, name, created_at });
        if shared {
            self.shared.push((name, id));
        }
        Ok(id)
    }
}

/// Brings the totals on user rows and the last use of tokens to what the rows say.
pub(super) fn keep_totals(conn: &mut Conn, people: &[Person], all: &[Token]) -> Result<()> {
    for token in all.iter().filter(|token| token.last_used_at.is_some()) {
        diesel::update(tokens::table.find(token.id))
            .set((
                tokens::first_used_at.eq(token.first_used_at),
                tokens::last_used_at.eq(token.last_used_at),
            ))
            .execute(conn)?;
    }
    for (place, person) in people.iter().enumerate() {
        let own = || all.iter().filter(|token| token.person == place);
        let ended = own().filter(|token| token.ended.is_some()).count();
        let active = own().count() - ended;
        diesel::update(users::table.find(person.id))
            .set((
                users::active_tokens.eq(i64::try_from(active).unwrap_or_default()),
                users::ended_tokens.eq(i64::try_from(ended).unwrap_or_default()),
                users::last_tool_at.eq(own().filter_map(|token| token.last_used_at).max()),
            ))
            .execute(conn)?;
    }
    Ok(())
}
