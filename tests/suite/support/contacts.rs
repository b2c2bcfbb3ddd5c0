//! Contacts of the fixture's stores, with every kind of channel.

use std::ops::Range;

use portcullis::domain::audit::Actor;
use portcullis::domain::import::Entity;
use portcullis::service::import::{Format, Import, run};

use super::TestApp;

/// E-mail statuses in turn.
pub const STATUSES: [&str; 6] =
    ["valid", "catch_all", "guessed", "bounced", "suppressed", "unknown"];

/// Every channel of contact `number`: e-mail address, phone number, profile.
pub fn channels(number: usize) -> [String; 3] {
    [
        format!("private{number:03}@mail.example"),
        format!("+49 30 555 {number:04}"),
        format!("https://www.linkedin.com/in/hidden-{number:03}"),
    ]
}

const HEADER: &str = "external_id,store_domain,first_name,last_name,title,role,seniority,country,email,email_status,phone,linkedin_url\n";

/// `count` contacts as a CSV file, three a store from the first on, with statuses in turn.
pub fn csv(count: usize) -> String {
    let mut csv = String::from(HEADER);
    for number in 0..count {
        let [email, phone, linkedin] = channels(number);
        csv.push_str(&format!(
            "crm-{number:03},shop{:02}.example.com,Pat,Person{number:03},Head of Growth,marketing,head,DE,{email},{},{phone},{linkedin}\n",
            number / 3,
            STATUSES[number % STATUSES.len()],
        ));
    }
    csv
}

/// Adds those contacts.
pub async fn add(app: &TestApp, count: usize) {
    import(app, csv(count), count).await;
}

/// Adds contacts as machines gather them: every text is one of the contact's own channels. Stores and
/// statuses are in turn as those of others.
pub async fn add_scraped(app: &TestApp, numbers: Range<usize>) {
    let mut csv = String::from(HEADER);
    for number in numbers.clone() {
        let [email, phone, linkedin] = channels(number);
        csv.push_str(&format!(
            "crm-{number:03},shop{:02}.example.com,{email},{phone},{linkedin},{email},{phone},DE,{email},{},{phone},{linkedin}\n",
            number / 3,
            STATUSES[number % STATUSES.len()],
        ));
    }
    import(app, csv, numbers.len()).await;
}

async fn import(app: &TestApp, csv: String, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Import {
        entity: Entity::Contacts,
        format: Some(Format::Csv),
        strict: true,
        name: "contacts.csv".into(),
        limits: None,
        rejects: folder.path().join("rejects.jsonl"),
    };
    let input = Box::new(std::io::Cursor::new(csv));
    let report = run(&app.ctx.db, &app.clock, &Actor::operator(), plan, input, &|_, _| ()).await;
    assert_eq!(report.unwrap().inserted, count as u64);
}
