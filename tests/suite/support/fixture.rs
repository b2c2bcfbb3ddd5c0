//! What every filled database holds: two accounts, a person of each role, some stores.

use portcullis::domain::audit::Actor;
use portcullis::domain::import::Entity;
use portcullis::service::Ctx;
use portcullis::service::import::{self, Format, Import};
use portcullis::service::people::{self, NewPerson};

/// A person of the fixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub email: &'static str,
    pub name: &'static str,
    pub role: &'static str,
    pub account: &'static str,
}

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

pub const ADMIN: Person =
    Person { email: "ada@acme.example", name: "Ada Admin", role: "Administrator", account: "Acme" };
pub const AUDITOR: Person =
    Person { email: "otto@acme.example", name: "Otto Auditor", role: "Auditor", account: "Acme" };
pub const MEMBER: Person =
    Person { email: "mia@acme.example", name: "Mia Member", role: "Member", account: "Acme" };
/// A member of another account.
pub const OTHER: Person =
    Person { email: "olga@other.example", name: "Olga Other", role: "Member", account: "Other" };

pub const EVERYBODY: [Person; 4] = [ADMIN, AUDITOR, MEMBER, OTHER];

/// Stores of the index.
pub const STORES: usize = 60;

/// Fills a fresh database.
pub async fn fill(ctx: &Ctx) {
    for person in EVERYBODY {
        let new = NewPerson {
            email: person.email.into(),
            name: person.name.into(),
            password: Some(PASSWORD.into()),
            role: person.role.into(),
            account: person.account.into(),
            mcp_enabled: true,
        };
        people::create(ctx, &Actor::operator(), new).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let plan = Import {
        entity: Entity::Stores,
        format: Some(Format::Csv),
        strict: true,
        name: "stores.csv".into(),
        rejects: folder.path().join("rejects.jsonl"),
        limits: None,
    };
    let input = Box::new(std::io::Cursor::new(stores_csv()));
    let report = import::run(&ctx.db, &ctx.clock, &Actor::operator(), plan, input, &|_, _| ())
        .await
        .unwrap();
    assert_eq!(report.inserted, STORES as u64);
}

/// The stores as a CSV file.
pub fn stores_csv() -> String {
    let mut csv = String::from("domain,name,platform,country,category,monthly_visits,apps\n");
    for number in 0..STORES {
        let country = ["DE", "FR", "US"][number % 3];
        csv.push_str(&format!(
            "shop{number:02}.example.com,Shop {number},shopify,{country},home-garden,{},Klaviyo\n",
            (number + 1) * 100
        ));
    }
    csv
}
