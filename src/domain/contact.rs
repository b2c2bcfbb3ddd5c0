//! Contacts: what is known, what a preview tells, and what may ever be revealed (contract §7).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::{tells, tells_address};

/// How sure an e-mail address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailStatus {
    /// It was found to take mail.
    Valid,
    /// Its server takes mail for any name.
    CatchAll,
    /// It was put together from a name.
    Guessed,
    /// Mail to it came back.
    Bounced,
    /// The person does not want to be written to.
    Suppressed,
    /// Nobody has looked.
    Unknown,
}

impl EmailStatus {
    /// Reads the word of an import; a word that is none of these is as good as unknown.
    pub fn from_word(word: &str) -> Self {
        match word {
            "valid" => Self::Valid,
            "catch_all" => Self::CatchAll,
            "guessed" => Self::Guessed,
            "bounced" => Self::Bounced,
            "suppressed" => Self::Suppressed,
            _ => Self::Unknown,
        }
    }
}

/// Ways to reach a person.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Channels {
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Address of the LinkedIn page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linkedin_url: Option<String>,
}

impl Channels {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.email.is_none() && self.phone.is_none() && self.linkedin_url.is_none()
    }
}

/// Tells which there are, never what they are: this ends up in logs.
impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channels")
            .field("email", &self.email.is_some())
            .field("phone", &self.phone.is_some())
            .field("linkedin_url", &self.linkedin_url.is_some())
            .finish()
    }
}

/// A contact with everything that is known, for the house only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The id on the wire.
    pub public_id: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// What they work on, as the filter names it.
    pub role: Option<String>,
    /// How high up, as the filter names it.
    pub seniority: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Domain of the store they belong to.
    pub store_domain: Option<String>,
    /// How sure the e-mail address is.
    pub email_status: EmailStatus,
    /// Every channel known, safe or not. Nothing of it leaves the house but by [`safe_channels`].
    pub known: Channels,
}

/// The channels that may be revealed. An e-mail address has to be found valid: one that bounced, is
/// guessed, of a catch-all server, or that nobody has looked at would cost its buyer a credit and
/// maybe a reputation. A suppressed person is not to be reached at all, by any channel.
pub fn safe_channels(contact: &Contact) -> Channels {
    match contact.email_status {
        EmailStatus::Suppressed => Channels::default(),
        EmailStatus::Valid => contact.known.clone(),
        _ => Channels { email: None, ..contact.known.clone() },
    }
}

/// A contact as it is shown to who has paid for it: whole, but for an e-mail address that came into
/// another text and that must not come out.
pub fn paid(contact: Contact) -> Contact {
    match contact.email_status {
        EmailStatus::Valid => contact,
        EmailStatus::Suppressed => contact.without_texts(tells),
        _ => contact.without_texts(tells_address),
    }
}

impl Contact {
    /// Leaves out the texts that `hides` says tell a channel.
    fn without_texts(mut self, hides: impl Fn(&str, &Channels) -> bool) -> Self {
        let Self { first_name, last_name, title, role, seniority, known, .. } = &mut self;
        for text in [first_name, last_name, title, role, seniority] {
            text.take_if(|text| hides(text, known));
        }
        self
    }
}

/// A contact as searches show it: who it is, and which channels a reveal could give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactPreview {
    /// The contact's id, for `reveal_contacts`.
    pub contact_id: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// What they work on, as the filter names it.
    pub role: Option<String>,
    /// How high up, as the filter names it.
    pub seniority: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Domain of the store they belong to.
    pub store_domain: Option<String>,
    /// Whether an e-mail address is known, deliverable or not.
    pub has_email: bool,
    /// Whether a reveal gives a phone number.
    pub has_phone: bool,
    /// Whether a reveal gives a LinkedIn page.
    pub has_linkedin: bool,
    /// Whether a reveal gives the e-mail address: it was found to take mail.
    pub email_deliverable: bool,
}

impl From<Contact> for ContactPreview {
    /// A text that tells a channel is left out: what is sold is not given away.
    fn from(contact: Contact) -> Self {
        Self::whole(contact.without_texts(tells))
    }
}

impl ContactPreview {
    /// Of a contact that is paid for.
    pub fn paid(contact: Contact) -> Self {
        Self::whole(paid(contact))
    }

    /// First and last name as one text.
    pub fn name(&self) -> String {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        names.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn whole(contact: Contact) -> Self {
        let safe = safe_channels(&contact);
        let suppressed = contact.email_status == EmailStatus::Suppressed;
        Self {
            has_email: contact.known.email.is_some() && !suppressed,
            has_phone: safe.phone.is_some(),
            has_linkedin: safe.linkedin_url.is_some(),
            email_deliverable: safe.email.is_some(),
            contact_id: contact.public_id,
            first_name: contact.first_name,
            last_name: contact.last_name,
            title: contact.title,
            role: contact.role,
            seniority: contact.seniority,
            country: contact.country,
            store_domain: contact.store_domain,
        }
    }
}

/// Whether `text` has the form of a contact's id: `ct_` and 24 hexadecimal digits.
pub fn is_contact_id(text: &str) -> bool {
    text.strip_prefix("ct_").is_some_and(|rest| {
        rest.len() == 24 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(email_status: EmailStatus) -> Contact {
        Contact {
            public_id: "ct_0123456789abcdef01234567".into(),
            first_name: Some("Ann".into()),
            last_name: None,
            title: None,
            role: None,
            seniority: None,
            country: None,
            store_domain: None,
            email_status,
            known: Channels {
                email: Some("ann@shop.example".into()),
                phone: Some("+1 555 0100".into()),
                linkedin_url: Some("https://www.linkedin.com/in/ann".into()),
            },
        }
    }

    #[test]
    fn only_a_valid_address_is_safe_and_a_suppressed_person_is_out_of_reach() {
        use EmailStatus::{Bounced, CatchAll, Guessed, Suppressed, Unknown, Valid};
        assert_eq!(safe_channels(&contact(Valid)), contact(Valid).known);
        for status in [CatchAll, Guessed, Bounced, Unknown] {
            let safe = safe_channels(&contact(status));
            assert_eq!(safe.email, None, "{status:?}");
            assert!(safe.phone.is_some() && safe.linkedin_url.is_some());
            let preview = ContactPreview::from(contact(status));
            assert!(preview.has_email && !preview.email_deliverable && preview.has_phone);
        }
        assert!(safe_channels(&contact(Suppressed)).is_empty());
        let preview = ContactPreview::from(contact(Suppressed));
        assert!(!(preview.has_email || preview.has_phone || preview.has_linkedin));
        assert!(!preview.email_deliverable);
    }

    #[test]
    fn every_word_of_an_import_is_known_and_any_other_is_not_safe() {
        for (word, status) in [
            ("valid", EmailStatus::Valid),
            ("catch_all", EmailStatus::CatchAll),
            ("guessed", EmailStatus::Guessed),
            ("bounced", EmailStatus::Bounced),
            ("suppressed", EmailStatus::Suppressed),
            ("unknown", EmailStatus::Unknown),
            ("VALID", EmailStatus::Unknown),
        ] {
            assert_eq!(EmailStatus::from_word(word), status);
        }
    }

    #[test]
    fn debug_output_and_previews_hold_no_channel() {
        let contact = contact(EmailStatus::Valid);
        let debug = format!("{contact:?}");
        let json = serde_json::to_string(&ContactPreview::from(contact)).unwrap();
        for told in [debug, json] {
            for channel in ["ann@", "555", "linkedin.com"] {
                assert!(!told.contains(channel), "{told}");
            }
        }
    }

    /// Scraped names and titles are channels at times: a preview is read before anything is paid.
    #[test]
    fn a_preview_leaves_out_what_tells_a_channel_and_who_has_paid_sees_it() {
        let scraped = |email_status| Contact {
            first_name: Some("Ann@Shop.example".into()),
            last_name: Some("+1 555 010 0000".into()),
            title: Some("linkedin.com/in/ann".into()),
            role: Some("ann@shop.example".into()),
            seniority: Some("head".into()),
            ..contact(email_status)
        };
        let texts = |preview: ContactPreview| {
            [preview.first_name, preview.last_name, preview.title, preview.role, preview.seniority]
                .map(|text| text.is_some())
        };
        for (email_status, paid) in [
            (EmailStatus::Valid, [true, true, true, true, true]),
            // What is not to be revealed is not to be read in a name either.
            (EmailStatus::Bounced, [false, true, true, false, true]),
            (EmailStatus::Suppressed, [false, false, false, false, true]),
        ] {
            let preview = ContactPreview::from(scraped(email_status));
            assert_eq!(preview.name(), "", "{email_status:?}");
            assert_eq!(texts(preview), [false, false, false, false, true], "{email_status:?}");
            assert_eq!(
                texts(ContactPreview::paid(scraped(email_status))),
                paid,
                "{email_status:?}"
            );
        }
    }

    #[test]
    fn ids_are_told_from_other_text() {
        assert!(is_contact_id("ct_0123456789abcdef01234567"));
        for wrong in ["", "ct_", "ct_0123456789ABCDEF01234567", "0123456789abcdef01234567", "ct_é"]
        {
            assert!(!is_contact_id(wrong), "{wrong}");
        }
    }
}
