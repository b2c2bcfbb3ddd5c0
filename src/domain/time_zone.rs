//! Zones in which people read times; what is stored is UTC.

use chrono_tz::{TZ_VARIANTS, Tz};

use crate::clock::Timestamp;

/// A zone of the IANA database.
pub type Zone = Tz;

/// The zone of that name.
pub fn parse(name: &str) -> Option<Zone> {
    name.parse().ok()
}

/// The names that are offered: places, by region. What has no region is an old name of one that has.
pub fn names() -> Vec<&'static str> {
    let is_place = |name: &&str| name.contains('/') && !name.starts_with("Etc/");
    TZ_VARIANTS.iter().map(|zone| zone.name()).filter(is_place).collect()
}

/// A moment in a zone, or in UTC, written as `format` says; `%Z` is the zone.
pub fn in_zone(at: Timestamp, zone: Option<Zone>, format: &str) -> String {
    let utc = at.to_utc();
    match zone {
        Some(zone) => utc.with_timezone(&zone).format(format).to_string(),
        None => utc.format(format).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_its_zone_with_summer_time() {
        let format = "%-d %b %Y, %H:%M %Z";
        let (winter, summer) = (Timestamp(1_800_000_000_000), Timestamp(1_784_000_000_000));
        let berlin = parse("Europe/Berlin");
        assert_eq!(in_zone(winter, berlin, format), "15 Jan 2027, 09:00 CET");
        assert_eq!(in_zone(summer, berlin, format), "14 Jul 2026, 05:33 CEST");
        assert_eq!(in_zone(winter, None, format), "15 Jan 2027, 08:00 UTC");
    }

    #[test]
    fn every_offered_name_is_a_zone_and_nothing_else_is() {
        let names = names();
        assert!(names.len() > 300 && names.contains(&"Asia/Tokyo") && !names.contains(&"CET"));
        assert!(names.iter().all(|name| parse(name).is_some()));
        assert!(parse("Europe/Nowhere").is_none() && parse("").is_none());
    }
}
