//! The token state machine against the real services: random histories of issuing, calling,
//! refreshing, replaying, revoking, disabling and waiting. Whatever happened, no call succeeds after
//! its revocation, a family has at most one live refresh token, and the counters of the grid are a
//! recount (SECURITY-CHECKLIST §1, 2; DESIGN §4 and §6).

use portcullis::clock::Timestamp;
use portcullis::domain::audit::Actor;
use portcullis::domain::scope::ScopeSet;
use portcullis::ids::{TokenId, UserId};
use portcullis::secrets::PlainSecret;
use portcullis::service::access::{self, Authority};
use portcullis::service::consent::{self, Asked, Decider, Decision};
use portcullis::service::issue::{self, CodeExchange, Credentials, Issued, RefreshExchange};
use portcullis::service::revoke;
use portcullis::service::verify::{self, Bearer, Knock};
use portcullis::store::clients::ClientRow;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::support::ai_client::{CHALLENGE, REDIRECT, VERIFIER, redirected, register};
use crate::support::{MEMBER, OTHER, TestApp};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A person connects a client anew.
    Issue(bool),
    /// Every access token that there ever was is used.
    Call,
    /// A family's live refresh token is used.
    Refresh(usize),
    /// A refresh token of a family's past is used.
    Replay(usize, usize),
    Revoke(usize),
    RevokeAll(bool),
    Disable(bool),
    Enable(bool),
    Advance(i64),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<bool>().prop_map(Step::Issue),
        6 => Just(Step::Call),
        5 => (0..8_usize).prop_map(Step::Refresh),
        3 => (0..8_usize, 0..4_usize).prop_map(|(family, age)| Step::Replay(family, age)),
        2 => (0..8_usize).prop_map(Step::Revoke),
        1 => any::<bool>().prop_map(Step::RevokeAll),
        1 => any::<bool>().prop_map(Step::Disable),
        2 => any::<bool>().prop_map(Step::Enable),
        4 => prop_oneof![Just(1_i64), Just(30), Just(59), Just(61), Just(3600), Just(86_400), Just(29 * 86_400), Just(31 * 86_400)]
            .prop_map(Step::Advance),
        1 => Just(Step::Sweep),
    ]
}

/// What the test knows of a family: the model.
struct Family {
    token: TokenId,
    owner: UserId,
    /// Every access token with its end.
    access: Vec<(String, i64)>,
    /// Every refresh token with the moment it was retired.
    refresh: Vec<(PlainSecret, Option<Timestamp>)>,
    /// When the family ends by itself.
    idle_end: Timestamp,
    absolute_end: Timestamp,
    is_revoked: bool,
}

impl Family {
    fn is_alive(&self, now: Timestamp) -> bool {
        !self.is_revoked && now < self.idle_end
    }
}

struct World<'a> {
    app: &'a TestApp,
    client: ClientRow,
    client_id: String,
    people: [UserId; 2],
    is_enabled: [bool; 2],
    families: Vec<Family>,
}

const IDLE: i64 = 2_592_000;
const ABSOLUTE: i64 = 180 * 86_400;
const WINDOW: i64 = 60;
const SKEW: i64 = 60;

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let client_id = register(app, &[REDIRECT]).await;
        // Somebody has used it before: unused registrations are removed after a month.
        app.sql("UPDATE clients SET first_consent_at = created_at").await;
        let client = issue::authenticate(
            &app.ctx,
            &Actor::system(),
            Credentials { client_id: client_id.clone(), secret: None, method: "none" },
            issue::Ways::Registered,
        )
        .await
        .unwrap();
        let people = [app.id_of(MEMBER).await, app.id_of(OTHER).await];
        Self { app, client, client_id, people, is_enabled: [true; 2], families: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    fn enabled(&self, owner: UserId) -> bool {
        self.is_enabled[usize::from(owner == self.people[1])]
    }

    /// Connects; none when the person's access is off.
    async fn issue(&mut self, who: usize) {
        let (app, owner) = (self.app, self.people[who]);
        let asked = Asked {
            client_id: Some(self.client_id.clone()),
            redirect_uri: Some(REDIRECT.into()),
            response_type: Some("code".into()),
            scope: Some("usage:read".into()),
            code_challenge: Some(CHALLENGE.into()),
            code_challenge_method: Some("S256".into()),
            ..Asked::default()
        };
        let (request, client) = consent::check(&app.ctx, &Actor::system(), asked).await.unwrap();
        let session = PlainSecret::presented("a session");
        let handle = consent::present(&app.ctx, &request, &client, owner, &session).await.unwrap();
        let decision = Decision::Authorize(ScopeSet::parse_known("usage:read"));
        let signed_in_at = self.now();
        let decider = Decider { actor: Actor::system(), user: owner, session, signed_in_at };
        let location = consent::decide(&app.ctx, &decider, &handle, decision).await.unwrap();
        let Some(code) = redirected(&location).remove("code") else {
            assert!(!self.is_enabled[who], "an enabled person can connect");
            return;
        };
        assert!(self.is_enabled[who], "a disabled person cannot connect");
        let exchange = CodeExchange {
            code: PlainSecret::presented(code),
            redirect_uri: None,
            verifier: VERIFIER.into(),
            resource: Vec::new(),
        };
        let issued = issue::for_code(&app.ctx, &Actor::system(), &client, exchange).await.unwrap();
        let token = TokenId(app.count("SELECT max(id) FROM tokens").await);
        let now = self.now();
        let mut family = Family {
            token,
            owner,
            access: Vec::new(),
            refresh: Vec::new(),
            idle_end: now.plus_seconds(IDLE),
            absolute_end: now.plus_seconds(ABSOLUTE),
            is_revoked: false,
        };
        family.access.push((issued.access_token, now.seconds() + issued.expires_in));
        family.refresh.push((issued.refresh_token.unwrap(), None));
        self.families.push(family);
    }

    /// Whether a token is let in.
    async fn is_admitted(&self, token: &str) -> bool {
        let knock = Knock {
            address: None,
            origin: None,
            host: Some(self.app.host().to_owned()),
            bearer: Bearer::Token(token.to_owned()),
        };
        let ctx = self.app.ctx.clone();
        self.app.ctx.db.read(move |conn| verify::admit(&ctx, conn, &knock)).await.unwrap().is_ok()
    }

    /// Every token there ever was is let in exactly if the model says so.
    async fn check_calls(&self) {
        for family in &self.families {
            for (token, end) in &family.access {
                let expected = family.is_alive(self.now())
                    && self.enabled(family.owner)
                    && self.now().seconds() < end + SKEW;
                assert_eq!(self.is_admitted(token).await, expected, "token {}", family.token);
            }
        }
    }

    async fn refresh(&mut self, place: usize, which: usize) {
        let (now, enabled) = (self.now(), self.enabled(self.families[place].owner));
        let family = &mut self.families[place];
        let (secret, retired) = family.refresh[which].clone();
        let exchange = RefreshExchange { refresh_token: secret, scope: None, resource: Vec::new() };
        let answer =
            issue::for_refresh_token(&self.app.ctx, &Actor::system(), &self.client, exchange).await;
        if !family.is_alive(now) || !enabled {
            assert!(answer.is_err(), "nothing of an ended family works");
            return;
        }
        match retired {
            Some(at) if now >= at.plus_seconds(WINDOW) => {
                assert!(answer.is_err(), "a replay");
                family.is_revoked = true;
            }
            _ => {
                let Issued { access_token, expires_in, refresh_token, .. } = answer.unwrap();
                family.access.push((access_token, now.seconds() + expires_in));
                assert_eq!(refresh_token.is_some(), retired.is_none(), "a family never forks");
                if let Some(successor) = refresh_token {
                    family.refresh[which].1 = Some(now);
                    family.refresh.push((successor, None));
                    family.idle_end = now.plus_seconds(IDLE).min(family.absolute_end);
                }
            }
        }
    }

    /// Ends in the model what lives of these families; how many that were.
    fn end(&mut self, which: impl Fn(&Family) -> bool) -> usize {
        let now = self.now();
        let mut ended = 0;
        for family in self.families.iter_mut().filter(|family| which(family)) {
            if family.is_alive(now) {
                family.is_revoked = true;
                ended += 1;
            }
        }
        ended
    }

    async fn set_access(&mut self, who: usize, enabled: bool) {
        let user = self.people[who];
        access::set(&self.app.ctx, &Actor::operator(), Authority::Operator, user, enabled)
            .await
            .unwrap();
        if !enabled {
            self.end(|family| family.owner == user);
        }
        self.is_enabled[who] = enabled;
    }

    async fn take(&mut self, step: &Step) {
        let count = self.families.len();
        match step {
            Step::Issue(who) => self.issue(usize::from(*who)).await,
            Step::Call => self.check_calls().await,
            Step::Refresh(place) if count > 0 => {
                let place = place % count;
                let newest = self.families[place].refresh.len() - 1;
                self.refresh(place, newest).await;
            }
            Step::Replay(place, age) if count > 0 => {
                let place = place % count;
                let newest = self.families[place].refresh.len() - 1;
                self.refresh(place, newest.saturating_sub(*age)).await;
            }
            Step::Revoke(place) if count > 0 => {
                let (token, owner) = {
                    let family = &self.families[place % count];
                    (family.token, family.owner)
                };
                revoke::one(&self.app.ctx, &Actor::operator(), owner, token).await.unwrap();
                self.end(|family| family.token == token);
            }
            Step::RevokeAll(who) => {
                let user = self.people[usize::from(*who)];
                let revoked =
                    revoke::all_of_user(&self.app.ctx, &Actor::operator(), user).await.unwrap();
                assert_eq!(revoked, self.end(|family| family.owner == user));
            }
            Step::Disable(who) => self.set_access(usize::from(*who), false).await,
            Step::Enable(who) => self.set_access(usize::from(*who), true).await,
            Step::Advance(seconds) => self.app.clock.advance(*seconds),
            Step::Sweep => portcullis::jobs::run_all(&self.app.ctx).await,
            _ => {}
        }
    }

    /// What the database must hold at any time.
    async fn check_database(&self) {
        let forks = "SELECT count(*) FROM (SELECT token_id FROM refresh_tokens WHERE retired_at IS NULL \
                     GROUP BY token_id HAVING count(*) > 1) AS forked";
        assert_eq!(self.app.count(forks).await, 0);
        while revoke::sweep_expired(&self.app.ctx).await.unwrap() > 0 {}
        let wrong = "SELECT count(*) FROM users WHERE \
            active_tokens <> (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'active') OR \
            ended_tokens <> (SELECT count(*) FROM tokens WHERE user_id = users.id AND state <> 'active') OR \
            expired_tokens <> (SELECT count(*) FROM tokens WHERE user_id = users.id AND state = 'expired')";
        assert_eq!(self.app.count(wrong).await, 0, "the counters are a recount");
        let alive = self.families.iter().filter(|family| family.is_alive(self.now())).count();
        assert_eq!(self.app.count("SELECT sum(active_tokens) FROM users").await, alive as i64);
    }
}

/// Rows: C10, C20, F10, F11
#[actix_web::test]
async fn no_history_lets_a_call_through_after_its_revocation() {
    let mut runner = TestRunner::new(Config { cases: 24, ..Config::default() });
    for _ in 0..24 {
        let steps =
            proptest::collection::vec(step(), 5..40).new_tree(&mut runner).unwrap().current();
        let app = TestApp::sqlite().await;
        let mut world = World::new(&app).await;
        println!("{steps:?}");
        for step in &steps {
            world.take(step).await;
        }
        world.check_calls().await;
        world.check_database().await;
        app.stop().await;
    }
}
