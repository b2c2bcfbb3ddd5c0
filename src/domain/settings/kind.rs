//! What a setting's value may be: how it is read, stored, shown and compared.

use ipnet::IpNet;

use super::lists::{self, network_text};
use super::{MetadataDocuments, Setting, Settings};

/// So many entries of a list are named in words.
const NAMED: usize = 5;
/// The choices of a switch.
const YES_NO: &[(&str, &str)] = &[("yes", "Yes"), ("no", "No")];
/// The choices of metadata documents.
const DOCUMENTS: &[(&str, &str)] = &[("off", "Off"), ("known", "Known"), ("on", "On")];

/// Where in [`Settings`] a value lives.
#[derive(Debug)]
pub struct Place<T: 'static> {
    pub(super) get: fn(&Settings) -> &T,
    pub(super) at: fn(&mut Settings) -> &mut T,
}

/// In which unit a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Days.
    Days,
}

/// What a value may be, and where it lives.
#[derive(Debug)]
pub enum Kind {
    /// Yes or no.
    Switch(Place<bool>),
    /// A whole number within bounds.
    Number {
        /// Where.
        place: Place<i64>,
        /// Of what.
        unit: Unit,
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// Addresses and networks; none means all.
    Networks(Place<Vec<IpNet>>),
    /// Origins of web pages.
    Origins(Place<Vec<String>>),
    /// One of off, known, on.
    Documents(Place<MetadataDocuments>),
}

/// Which way a change opens the gate further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// When the value rises: on, longer, more.
    Rising,
    /// When the value falls.
    Falling,
    /// Neither way.
    Never,
}

impl Unit {
    /// The word beside the number.
    pub fn label(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Days => "days",
        }
    }

    /// A number with its unit: 3600 seconds (1 hour).
    fn words(self, number: i64) -> String {
        let unit = self.label();
        let unit = if number == 1 { unit.trim_end_matches('s') } else { unit };
        match self.longer(number) {
            Some(longer) => format!("{number} {unit} ({longer})"),
            None => format!("{number} {unit}"),
        }
    }

    /// The number in larger units, where those say more.
    pub fn longer(self, number: i64) -> Option<String> {
        (self == Self::Seconds && number >= 60).then(|| duration(number))
    }

    /// A number in the largest units that hold it: 1 hour.
    fn brief(self, number: i64) -> String {
        self.longer(number).unwrap_or_else(|| self.words(number))
    }
}

/// Seconds as people say them: 1 day 12 hours.
pub fn duration(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, name) in units {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    parts.join(" ")
}

impl MetadataDocuments {
    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Known => "known",
            Self::On => "on",
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Known => 1,
            Self::On => 2,
        }
    }
}

impl Setting {
    /// Sets the value from its text.
    ///
    /// # Errors
    /// Says what it must be.
    pub fn put(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let read = self.read(settings, text.trim());
        read.map_err(|message| format!("{}: {message}", self.title))
    }

    fn read(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        match &self.kind {
            Kind::Switch(place) => {
                *(place.at)(settings) = match text {
                    "yes" => true,
                    "no" => false,
                    _ => return Err("choose Yes or No.".into()),
                };
            }
            Kind::Number { place, unit, least, most } => {
                let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|number| (least..=most).contains(&number));
                *(place.at)(settings) = number.filter(|_| is_plain).ok_or_else(|| {
                    format!("enter a whole number of {}, {least} to {most}.", unit.label())
                })?;
            }
            Kind::Networks(place) => *(place.at)(settings) = lists::networks(text)?,
            Kind::Origins(place) => *(place.at)(settings) = lists::origins(text)?,
            Kind::Documents(place) => {
                *(place.at)(settings) = match text {
                    "off" => MetadataDocuments::Off,
                    "known" => MetadataDocuments::Known,
                    "on" => MetadataDocuments::On,
                    _ => return Err("choose Off, Known or On.".into()),
                };
            }
        }
        Ok(())
    }

    /// The value as it is stored.
    pub fn stored(&self, settings: &Settings) -> String {
        match &self.kind {
            Kind::Switch(place) => if *(place.get)(settings) { "yes" } else { "no" }.to_owned(),
            Kind::Number { place, .. } => (place.get)(settings).to_string(),
            Kind::Networks(_) | Kind::Origins(_) => self.entries(settings).join(" "),
            Kind::Documents(place) => (place.get)(settings).as_str().to_owned(),
        }
    }

    /// The value as a form holds it: a list has one entry on a line.
    pub fn typed(&self, settings: &Settings) -> String {
        match &self.kind {
            Kind::Networks(_) | Kind::Origins(_) => self.entries(settings).join("\n"),
            _ => self.stored(settings),
        }
    }

    /// The value in words: 3600 seconds (1 hour).
    pub fn words(&self, settings: &Settings) -> String {
        match &self.kind {
            Kind::Number { place, unit, .. } => unit.words(*(place.get)(settings)),
            Kind::Networks(_) | Kind::Origins(_) => self.named(settings),
            _ => {
                let stored = self.stored(settings);
                let choice = self.choices().iter().find(|(value, _)| *value == stored);
                choice.map(|(_, label)| (*label).to_owned()).unwrap_or_default()
            }
        }
    }

    /// The value that it has unless somebody changed it, in few words: 1 hour.
    pub fn default_in_words(&self) -> String {
        let settings = Settings::default();
        match &self.kind {
            Kind::Number { place, unit, .. } => unit.brief(*(place.get)(&settings)),
            _ => self.words(&settings),
        }
    }

    /// What may be entered, where there are bounds.
    pub fn bounds(&self) -> Option<String> {
        match &self.kind {
            Kind::Number { unit, least, most, .. } => {
                let plain = format!("{least} to {most} {}", unit.label());
                Some(match (unit.longer(*least), unit.longer(*most)) {
                    (Some(least), Some(most)) => format!("{plain} ({least} to {most})"),
                    (None, Some(most)) => format!("{plain} (at most {most})"),
                    _ => plain,
                })
            }
            Kind::Networks(_) | Kind::Origins(_) => {
                Some(format!("at most {} entries", lists::MOST))
            }
            Kind::Switch(_) | Kind::Documents(_) => None,
        }
    }

    /// The values to choose from, each with its label; none where it is typed.
    pub fn choices(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind {
            Kind::Switch(_) => YES_NO,
            Kind::Documents(_) => DOCUMENTS,
            _ => &[],
        }
    }

    /// The unit of a number.
    pub fn unit(&self) -> Option<Unit> {
        match self.kind {
            Kind::Number { unit, .. } => Some(unit),
            _ => None,
        }
    }

    /// Whether the value rises: on, longer, or more than before.
    pub fn rises(&self, was: &Settings, now: &Settings) -> bool {
        match &self.kind {
            Kind::Switch(place) => *(place.get)(now) && !*(place.get)(was),
            Kind::Number { place, .. } => (place.get)(now) > (place.get)(was),
            Kind::Networks(place) => lists::covers_more((place.get)(was), (place.get)(now)),
            Kind::Origins(place) => {
                (place.get)(now).iter().any(|origin| !(place.get)(was).contains(origin))
            }
            Kind::Documents(place) => (place.get)(now).rank() > (place.get)(was).rank(),
        }
    }

    /// Whether the change lets in more, or for longer.
    pub fn widens(&self, was: &Settings, now: &Settings) -> bool {
        match self.opens {
            Opens::Rising => self.rises(was, now),
            Opens::Falling => self.rises(now, was),
            Opens::Never => false,
        }
    }

    fn entries(&self, settings: &Settings) -> Vec<String> {
        match &self.kind {
            Kind::Networks(place) => (place.get)(settings).iter().map(network_text).collect(),
            Kind::Origins(place) => (place.get)(settings).clone(),
            _ => Vec::new(),
        }
    }

    fn named(&self, settings: &Settings) -> String {
        let mut entries = self.entries(settings);
        if entries.is_empty() {
            let is_open = matches!(self.kind, Kind::Networks(_));
            return if is_open { "Empty (all addresses)" } else { "Empty (none)" }.into();
        }
        let more = entries.len().saturating_sub(NAMED);
        entries.truncate(NAMED);
        let named = entries.join(", ");
        if more > 0 { format!("{named} and {more} more") } else { named }
    }
}
