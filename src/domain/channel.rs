//! Channels where none belongs. Data that was gathered by machines has an e-mail address for a first
//! name, a profile for a title, a telephone number for a surname; what is sold as a channel must not
//! be given away as a text. Each text of each contact goes through here, so bytes are looked at first.

use std::borrow::Cow;

use super::contact::Channels;
use super::words::fold;

/// The fewest digits in a row of a telephone number.
const FEWEST_DIGITS: usize = 7;
/// The fewest digits of a contact's own number that is looked for as it stands; a shorter one is part
/// of many texts and reaches nobody.
const FEWEST_OWN: usize = 4;
/// Hosts on which a path is a person.
const PROFILES: [&str; 20] = [
    "linkedin.com",
    "lnkd.in",
    "xing.com",
    "facebook.com",
    "fb.com",
    "fb.me",
    "m.me",
    "instagram.com",
    "twitter.com",
    "x.com",
    "t.me",
    "telegram.me",
    "wa.me",
    "whatsapp.com",
    "tiktok.com",
    "github.com",
    "linktr.ee",
    "calendly.com",
    "vk.com",
    "threads.net",
];

/// Whether a text tells a channel: one that looks like any, or one of the contact's `own`.
pub fn tells(text: &str, own: &Channels) -> bool {
    let text = plain(text);
    let signs = Signs::of(&text);
    signs.are_any()
        && (signs.at && holds_address(&text)
            || (signs.slash || signs.point) && holds_page(&text)
            || signs.digits >= FEWEST_DIGITS && holds_number(&text)
            || holds_own(&text, signs, own))
}

/// Whether a text tells an e-mail address: one that looks like any, or the contact's own.
pub fn tells_address(text: &str, own: &Channels) -> bool {
    let text = plain(text);
    text.contains('@')
        && (holds_address(&text) || own.email.as_deref().is_some_and(|own| holds(&text, own)))
}

/// The signs that channels are made of.
#[derive(Debug, Clone, Copy, Default)]
struct Signs {
    digits: usize,
    at: bool,
    slash: bool,
    point: bool,
}

impl Signs {
    fn of(text: &str) -> Self {
        let mut signs = Self::default();
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => signs.digits += 1,
                b'@' => signs.at = true,
                b'/' => signs.slash = true,
                b'.' => signs.point = true,
                _ => {}
            }
        }
        signs
    }

    fn are_any(self) -> bool {
        self.at || self.slash || self.point || self.digits >= FEWEST_OWN
    }
}

/// The same text with one spelling for digits, hyphens, spaces and the wide signs of East Asia.
fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let digit = |c: char, zero: u32| {
        (u32::from(c).checked_sub(zero)).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
    };
    let sign = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{660}'..='\u{669}' => digit(c, 0x660),
        '\u{6f0}'..='\u{6f9}' => digit(c, 0x6f0),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    Cow::Owned(text.chars().map(sign).collect())
}

/// Whether there is an e-mail address: `@` with a name right before and a host right after it.
fn holds_address(text: &str) -> bool {
    let mut parts = text.split('@');
    let mut before = parts.next().unwrap_or_default();
    parts.any(|after| {
        let is_one = before
            .ends_with(|c: char| c.is_alphanumeric() || "_-+.'!#$%&*=?^`{|}~".contains(c))
            && begins_with_host(after);
        before = after;
        is_one
    })
}

/// Whether a text begins with a host of two labels or more, the last of which could be a country's or
/// a kind's.
fn begins_with_host(text: &str) -> bool {
    let is_of_host = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let host = text.split(|c| !is_of_host(c)).next().unwrap_or_default().trim_end_matches('.');
    host.rsplit_once('.').is_some_and(|(name, last)| {
        let is_last = last.starts_with(char::is_alphabetic) && last.chars().nth(1).is_some();
        name.starts_with(char::is_alphanumeric) && is_last
    })
}

/// Whether there is the address of a page: with its scheme, with `www.`, or a path of a host on which
/// it is a person.
fn holds_page(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if text.split("://").zip(text.split("://").skip(1)).any(|(scheme, rest)| {
        scheme.ends_with(|c: char| c.is_ascii_alphanumeric())
            && rest.starts_with(|c: char| !c.is_whitespace())
    }) {
        return true;
    }
    let begins = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '-');
    let follows = |part: &str, is_right: &dyn Fn(&str) -> bool| {
        text.match_indices(part).any(|(place, _)| {
            let (before, rest) = text.split_at(place);
            begins(before) && rest.strip_prefix(part).is_some_and(is_right)
        })
    };
    follows("www.", &|rest| rest.starts_with(char::is_alphanumeric))
        || text.contains('/')
            && PROFILES.iter().any(|host| {
                follows(host, &|rest| {
                    rest.strip_prefix('/')
                        .is_some_and(|path| path.starts_with(char::is_alphanumeric))
                })
            })
}

/// Whether there is a telephone number: digits enough, written as one.
fn holds_number(text: &str) -> bool {
    text.split('+').enumerate().any(|(place, part)| {
        // What follows a plus at once is a number, whatever it looks like.
        let has_plus = place > 0 && part.starts_with(|c: char| c.is_ascii_digit() || c == '(');
        let is_of_number = |c: char| c.is_ascii_digit() || " .-()[]".contains(c);
        let runs = part.split(|c| !is_of_number(c)).enumerate();
        runs.filter(|(_, run)| run.len() >= FEWEST_DIGITS)
            .any(|(place, run)| is_number(run, has_plus && place == 0))
    })
}

fn is_number(run: &str, has_plus: bool) -> bool {
    let groups: Vec<&str> =
        run.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let counted = if has_plus { groups.as_slice() } else { after_dates(&groups) };
    let digits: usize = counted.iter().map(|group| group.len()).sum();
    digits >= FEWEST_DIGITS && (has_plus || !is_amount(&groups))
}

/// What is left of groups of digits that begin with dates: "2019-2023", "03.2019 - 11.2023".
fn after_dates<'a, 'b>(mut groups: &'b [&'a str]) -> &'b [&'a str] {
    let is_year = |group: &str| group.len() == 4 && matches!(group.get(..2), Some("19" | "20"));
    let is_up_to = |group: &str, most: u32| {
        group.len() <= 2 && group.parse().is_ok_and(|number: u32| (1..=most).contains(&number))
    };
    loop {
        groups = match groups {
            [year, month, day, rest @ ..]
                if is_year(year) && is_up_to(month, 12) && is_up_to(day, 31) =>
            {
                rest
            }
            [day, month, year, rest @ ..]
                if is_up_to(day, 31) && is_up_to(month, 12) && is_year(year) =>
            {
                rest
            }
            [month, year, rest @ ..] if is_up_to(month, 12) && is_year(year) => rest,
            [year, rest @ ..] if is_year(year) => rest,
            _ => return groups,
        };
    }
}

/// Whether groups of digits are a round number with its thousands apart: "1.000.000", "2 500 000".
fn is_amount(groups: &[&str]) -> bool {
    let Some((first, thousands)) = groups.split_first() else { return false };
    first.len() < 4
        && !first.starts_with('0')
        && thousands.last() == Some(&"000")
        && thousands.iter().all(|group| group.len() == 3)
}

/// Whether there is one of the contact's own channels.
fn holds_own(text: &str, signs: Signs, own: &Channels) -> bool {
    signs.at && own.email.as_deref().is_some_and(|email| holds(text, email))
        || signs.slash && own.linkedin_url.as_deref().is_some_and(|page| holds(text, page))
        || own.phone.as_deref().is_some_and(|phone| {
            let number = digits(&plain(phone));
            match number.len() {
                fewer if fewer < FEWEST_OWN || fewer > signs.digits => false,
                // Long enough to be the same number, whatever stands between its digits.
                FEWEST_DIGITS.. => digits(text).contains(&number),
                _ => holds(text, phone),
            }
        })
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn holds(text: &str, part: &str) -> bool {
    let part = fold(part);
    !part.is_empty() && fold(text).contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Channels {
        Channels {
            email: Some("ann@intranet".into()),
            phone: Some("+49 30 555 0001".into()),
            linkedin_url: Some("https://www.linkedin.com/in/ann".into()),
        }
    }

    #[test]
    fn what_looks_like_a_channel_tells_one() {
        for text in [
            "ann@mail.example",
            "Ann Lee <Ann.Lee@Mail.Example>",
            "Head of Growth (ann_@mail.example).",
            "ann＠mail．example",
            "ann@bücher.example",
            "a@b@mail.example",
            "https://www.linkedin.com/in/ann",
            "see HTTPS://shop.example",
            "linkedin.com/in/ann-lee",
            "LinkedIn: DE.LinkedIn.com/in/ann",
            "t.me/ann",
            "WWW.shop.example",
            "+49 30 555 0001",
            "tel. (030) 555-00-01",
            "030.555.0001",
            "Founder, 212-555-0100",
            "5550001",
            "+1 (212) 555 0100 ext. 3",
            "６１２ ３４５ ６７８",
            "٠٣٠٥٥٥٠٠٠١",
            "030\u{2011}555\u{a0}0001",
            "020 2019 2023",
            "+20 2019 2023",
            "500+ 30 555 0001",
            "612 345 678",
        ] {
            assert!(tells(text, &Channels::default()), "{text}");
        }
    }

    #[test]
    fn ordinary_texts_tell_none() {
        for text in [
            "",
            "Ann",
            "O'Brien-Łuczak",
            "Dr. J. R. Smith Jr.",
            "VP 2019-2023",
            "VP 2019\u{2013}2023, Director 2010 - 2019",
            "Consultant (03.2019 - 11.2023)",
            "Buyer, 2019-01-01 to 31.12.2021",
            "Buyer 2020-21 (500 shops)",
            "Head of B2B",
            "24/7 support",
            "24/7/365 support & B2C/D2C",
            "Director, EMEA (500+ stores)",
            "Founder 1,000,000+ customers",
            "Manager of 1.000.000 customers",
            "Manager of 2 500 000 customers",
            "CEO @ Shop.example",
            "CEO@Acme",
            "@annlee",
            "Marketing/Sales at LinkedIn.com",
            "Amazon.com / eBay lead",
            "Head of x.company/brands",
            "ISO 27001:2013 auditor",
            "Web 2.0 & .NET",
            "Level 3 (4-5-6) No. 12 345",
            "東京 店長",
            "c-level",
            "head-of-growth",
        ] {
            assert!(!tells(text, &own()), "{text}");
        }
    }

    /// What no rule of looks would find is found where it is the contact's own.
    #[test]
    fn a_contacts_own_channels_are_known_however_they_are_written() {
        for text in ["Ann@Intranet", "tel 49/30/555/0001", "at HTTPS://www.linkedin.com/IN/Ann"] {
            assert!(tells(text, &own()), "{text}");
        }
        assert!(!tells("Ann@Intranet", &Channels::default()));
        let short = Channels { phone: Some("ext. 4711".into()), ..Channels::default() };
        assert!(tells("Sales, Ext. 4711", &short) && !tells("Sales 47 11", &short));
        // A number that is none hides nothing.
        let odd = Channels { phone: Some("Head".into()), ..Channels::default() };
        assert!(!tells("Head of 4711", &odd));
    }

    #[test]
    fn an_address_is_told_from_other_channels() {
        for (text, is_address) in [
            ("ann@mail.example", true),
            ("Ann@Intranet", true),
            ("t.me/ann", false),
            ("5550001", false),
        ] {
            assert_eq!(tells_address(text, &own()), is_address, "{text}");
        }
    }
}
