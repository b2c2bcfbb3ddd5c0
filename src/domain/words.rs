//! The words under which the index is searched: text in pieces of three letters, numbers in steps.
//! What is made here is stored, so a change of it needs the index to be written anew.

use std::collections::BTreeSet;

/// The fewest letters of a text that can be searched for: one piece.
pub const SHORTEST_TEXT: usize = 3;
/// The most pieces of a text that a search looks up; what is found is compared with the whole text
/// anyway.
const MOST_PIECES: usize = 24;

/// Whose text a piece is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The store's domain, name and description.
    Store,
    /// Its contacts' names, titles and domain. Never a channel.
    People,
}

/// Brings text to the spelling in which it is compared: no upper and lower case in any script (the
/// upper case first, so that "ß" is "ss"), runs of white space one space, control characters gone.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if c.is_ascii_graphic() {
            folded.push(c.to_ascii_lowercase());
        } else if c.is_whitespace() {
            if !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if !c.is_control() {
            folded.extend(c.to_uppercase().flat_map(char::to_lowercase));
        }
    }
    folded
}

/// Whether any of `texts` holds `folded`, a text that was folded.
pub fn holds(folded: &str, texts: &[Option<&str>]) -> bool {
    texts.iter().flatten().any(|text| fold(text).contains(folded))
}

/// Adds the words of every piece of `text` to `words`, some of them more than once.
pub fn add_pieces(words: &mut Vec<u64>, side: Side, text: &str) {
    words.extend(pieces(&fold(text)).map(|piece| tagged(side, piece)));
}

/// The words to look up for a folded text.
pub fn pieces_of_query(side: Side, folded: &str) -> Vec<String> {
    let all: Vec<u32> = pieces(folded).collect();
    let step = all.len().div_ceil(MOST_PIECES).max(1);
    let words: BTreeSet<u64> =
        all.into_iter().step_by(step).map(|piece| tagged(side, piece)).collect();
    words.into_iter().map(spelled).collect()
}

/// A word as it is written into the index.
fn spelled(word: u64) -> String {
    let mut text = String::new();
    spell(&mut text, word);
    text
}

/// Adds a word to `text` as it is written into the index.
pub fn spell(text: &mut String, word: u64) {
    text.push(if word >> 32 == 0 { 'g' } else { 'p' });
    let number = word & 0xffff_ffff;
    let digits = number.checked_ilog2().unwrap_or_default() / 4;
    let digit = |place| (number >> (place * 4) & 0xf) as u32;
    text.extend((0..=digits).rev().filter_map(|place| char::from_digit(digit(place), 16)));
}

fn tagged(side: Side, piece: u32) -> u64 {
    u64::from(side == Side::People) << 32 | u64::from(piece)
}

/// A number for every three letters in a row (FNV-1a); two pieces of one number are told apart when
/// the text found is compared.
fn pieces(folded: &str) -> impl Iterator<Item = u32> {
    let (second, third) = (folded.chars().skip(1), folded.chars().skip(2));
    folded.chars().zip(second).zip(third).map(|((a, b), c)| {
        [a, b, c]
            .iter()
            .flat_map(|letter| u32::from(*letter).to_le_bytes())
            .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    })
}

/// The step that a number is on: 64 to every doubling, so that each holds a small share of any
/// index. A larger number is never on a lower step.
pub fn step(number: i64) -> u16 {
    let number = number.max(0);
    let Some(shift) = number.checked_ilog2().and_then(|bits| bits.checked_sub(6)) else {
        return u16::try_from(number).unwrap_or_default();
    };
    u16::try_from(i64::from(shift) * 64 + (number >> shift)).unwrap_or(u16::MAX)
}

/// The flight of stairs that a step is in: all steps of one doubling.
pub fn flight(step: u16) -> u16 {
    step / 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_goes_in_every_script() {
        for (a, b) in [
            ("STRASSE", "straße"),
            ("ÉCOLE", "école"),
            ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
            ("МОСКВА", "Москва"),
            (" A\t\u{7}b\0 ", "a b"),
        ] {
            assert_eq!(fold(a), fold(b), "{a}");
        }
        assert_eq!(fold("🫖 Tea"), "🫖 tea");
    }

    #[test]
    fn every_part_of_a_text_is_found_by_its_pieces() {
        let text = "Kleine Bücher & große Äpfel, 100% handgebunden in Łódź";
        let mut words = Vec::new();
        add_pieces(&mut words, Side::Store, text);
        let words: BTreeSet<String> = words.into_iter().map(spelled).collect();
        let folded = fold(text);
        let letters: Vec<char> = folded.chars().collect();
        for from in 0..letters.len() {
            for to in from + SHORTEST_TEXT..=letters.len() {
                let part: String = letters[from..to].iter().collect();
                let asked = pieces_of_query(Side::Store, &part);
                assert!(!asked.is_empty() && asked.len() <= MOST_PIECES);
                assert!(asked.iter().all(|word| words.contains(word)), "{part}");
                assert!(holds(&part, &[None, Some(text)]));
            }
        }
        assert!(pieces_of_query(Side::People, "kleine").iter().all(|word| !words.contains(word)));
    }

    #[test]
    fn steps_rise_with_the_number_and_are_narrow() {
        let mut last = 0;
        for number in (0..5_000).chain((1..5_000).map(|n| n * 999_999_937)).chain([i64::MAX]) {
            assert!(step(number) >= last, "{number}");
            last = step(number);
        }
        assert_ne!(step(1_000_000), step(1_050_000));
        assert_eq!((step(-1), step(0), step(63), step(64)), (0, 0, 63, 64));
        assert!(step(i64::MAX) < 10_000);
    }
}
