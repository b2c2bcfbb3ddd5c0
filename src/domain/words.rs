//! The words under which the index is searched: text in pieces of three letters, and of one and two
//! where a script is written without spaces; numbers in steps. What is made here is stored, so a
//! change of it, or of which texts are left out (`domain::channel`), needs another [`VERSION`], with
//! which the index is written anew.

use std::borrow::Cow;
use std::collections::BTreeSet;

use icu_normalizer::ComposingNormalizerBorrowed;

/// The way in which the words of the index are made.
pub const VERSION: &str = "5";
/// The fewest letters of a text that can be searched for: one piece. Of scripts without spaces one
/// letter is enough.
pub const SHORTEST_TEXT: usize = 3;
/// The most pieces of a text that a search looks up. More of them hardly narrow it, but each has a
/// list to go through; what is found is compared with the whole text anyway.
const MOST_PIECES: usize = 8;

/// Whose text a piece is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The store's domain, name and description.
    Store,
    /// Its contacts' names, titles and domain. Never a channel.
    People,
}

/// Text in the one spelling that Unicode has for it (NFC): "é" as one letter, never as "e" with an
/// accent after it.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Invisible characters that reorder text, have no width or carry hidden text: nobody means them, and
/// nothing is kept with them.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{feff}' | '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{180e}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a folded text is long enough to be searched for.
pub fn is_searchable(folded: &str) -> bool {
    folded.chars().nth(SHORTEST_TEXT - 1).is_some() || folded.chars().any(is_dense)
}

/// Whether a letter is of a script in which one or two are a word: Chinese, Japanese, Korean, Thai,
/// Lao, Burmese and Khmer.
fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3041}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

/// Brings text to the spelling in which it is compared: composed, no upper and lower case in any script (the
/// upper case first, so that "ß" is "ss"), runs of white space one space, control and hidden
/// characters gone.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in composed(text.trim()).chars() {
        if c.is_ascii_graphic() {
            folded.push(c.to_ascii_lowercase());
        } else if c.is_whitespace() {
            if !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if !c.is_control() && !is_hidden(c) {
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
    let folded = fold(text);
    words.extend(pieces(&folded).map(|piece| tagged(side, piece)));
    if !folded.is_ascii() {
        words.extend(short_pieces(&folded).map(|piece| tagged(side, piece)));
    }
}

/// The words to look up for a folded text.
pub fn pieces_of_query(side: Side, folded: &str) -> Vec<String> {
    let mut all: Vec<u32> = pieces(folded).collect();
    if all.is_empty() {
        all = short_pieces(folded).collect();
    }
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
    let digits = number.checked_ilog2().unwrap_or_default() / 5;
    let digit = |place| (number >> (place * 5) & 0x1f) as u32;
    text.extend((0..=digits).rev().filter_map(|place| char::from_digit(digit(place), 32)));
}

fn tagged(side: Side, piece: u32) -> u64 {
    u64::from(side == Side::People) << 32 | u64::from(piece)
}

/// A number for every three letters in a row.
fn pieces(folded: &str) -> impl Iterator<Item = u32> {
    let (second, third) = (folded.chars().skip(1), folded.chars().skip(2));
    folded.chars().zip(second).zip(third).map(|((a, b), c)| number(&[a, b, c]))
}

/// A number for every letter of the scripts without spaces, and for every two of them in a row.
fn short_pieces(folded: &str) -> impl Iterator<Item = u32> {
    let pairs = folded.chars().zip(folded.chars().skip(1));
    let pairs = pairs.filter(|(a, b)| is_dense(*a) && is_dense(*b));
    let single = folded.chars().filter(|c| is_dense(*c)).map(|c| number(&[c]));
    single.chain(pairs.map(|(a, b)| number(&[a, b])))
}

/// The number of a piece (FNV-1a, folded to 24 bits, so that a word has six letters); two pieces of one
/// number are told apart when the text found is compared.
fn number(letters: &[char]) -> u32 {
    let hash = letters
        .iter()
        .flat_map(|letter| u32::from(*letter).to_le_bytes())
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 24) ^ (hash & 0x00ff_ffff)
}

/// Steps to a doubling: each holds so few entries of any index that a page takes one or two.
pub const STEPS: u16 = 1 << STEP_BITS;
const STEP_BITS: u32 = 8;

/// The step that a number is on. A larger number is never on a lower step.
pub fn step(number: i64) -> u16 {
    let number = number.max(0);
    let Some(shift) = number.checked_ilog2().and_then(|bits| bits.checked_sub(STEP_BITS)) else {
        return u16::try_from(number).unwrap_or_default();
    };
    u16::try_from(i64::from(shift) * i64::from(STEPS) + (number >> shift)).unwrap_or(u16::MAX)
}

/// The flight of stairs that a step is in: all steps of one doubling.
pub fn flight(step: u16) -> u16 {
    step / STEPS
}

/// The lowest step of a flight.
pub fn foot_of(flight: u16) -> u16 {
    flight.saturating_mul(STEPS)
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
            ("\u{202a}De\u{200b}ep\u{202c} \u{feff}store", "deep store"),
        ] {
            assert_eq!(fold(a), fold(b), "{a}");
        }
        assert_eq!(fold("🫖 Tea"), "🫖 tea");
    }

    #[test]
    fn one_text_has_one_spelling() {
        for (apart, whole) in [("cafe\u{301}", "café"), ("\u{1112}\u{1161}\u{11ab}", "한")] {
            assert_eq!(composed(apart), whole);
            assert_eq!(fold(&apart.to_uppercase()), fold(whole));
        }
        assert_eq!(composed("Łódź 東京 🫖"), "Łódź 東京 🫖");
    }

    #[test]
    fn one_letter_is_enough_where_it_is_a_word() {
        for text in ["茶", "東京", "a茶", "서울", "ชา", "カメラ", "abc", "été", "🫖🫖🫖"]
        {
            assert!(is_searchable(&fold(text)), "{text}");
        }
        for text in ["", "ab", "é", "da", "🫖🫖", "  a  ", "ß"] {
            assert!(!is_searchable(&fold(text)), "{text}");
        }
        let mut words = Vec::new();
        add_pieces(&mut words, Side::Store, "東京のお茶 (Tokyo tea)");
        let words: BTreeSet<String> = words.into_iter().map(spelled).collect();
        for (part, is_there) in [
            ("茶", true),
            ("東京", true),
            ("京の", true),
            ("茶 ", true),
            ("京東", false),
            ("水", false),
        ] {
            let asked = pieces_of_query(Side::Store, part);
            assert!(!asked.is_empty(), "{part}");
            assert_eq!(asked.iter().all(|word| words.contains(word)), is_there, "{part}");
        }
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
        assert_eq!((step(-1), step(0), step(255), step(256)), (0, 0, 255, 256));
        assert!(step(i64::MAX) < 15_000, "five digits");
        assert_eq!(flight(step(511)) + 1, flight(step(512)));
        assert_eq!(foot_of(flight(step(1023))), step(512));
    }
}
