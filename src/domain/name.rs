//! Names that people type for themselves and for things, as others will see them in lists, dialogs
//! and mails: on one line, visible, and written in the direction they are read in.

/// Marks on one letter at most; languages need two or three, and more paint over the lines above.
const MOST_MARKS: usize = 4;

/// Whether a character shows nothing, or turns around or hides what stands beside it. The two that
/// join and part letters are not among them: Persian, Hindi and emoji are written with them.
pub fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is a mark on the letter before it.
pub fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Whether `text` is fit to be shown on one line: no trick, no heap of marks.
pub fn is_line(text: &str) -> bool {
    let mut marks = 0;
    text.chars().all(|c| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        !is_trick(c) && marks <= MOST_MARKS
    })
}

/// Whether `text` is fit to be a name of 1 to `most` characters: a line in which something is to be
/// seen.
pub fn is_name(text: &str, most: usize) -> bool {
    let joins = |c: char| matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    let shows = |c: char| !c.is_whitespace() && !is_mark(c) && !joins(c);
    (1..=most).contains(&text.chars().count()) && is_line(text) && text.chars().any(shows)
}

/// `text` as a line: without tricks, and with no more marks on a letter than languages need.
pub fn cleaned(text: &str) -> String {
    let mut marks = 0;
    let keep = |c: &char| {
        marks = if is_mark(*c) { marks + 1 } else { 0 };
        !is_trick(*c) && marks <= MOST_MARKS
    };
    text.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_and_read_in_their_direction() {
        for good in ["Ann", "Ána Núñez", "李小龙", "علی‌رضا", "👩‍👧 Shop", "e\u{301}\u{323}", "★"]
        {
            assert!(is_name(good, 100), "{good}");
        }
        for bad in [
            "",
            " ",
            "\u{200b}",
            "\u{2800}",
            "\u{3164}",
            "\u{200d}",
            "a\u{202e}b",
            "a\nb",
            "a\u{e0041}",
        ] {
            assert!(!is_name(bad, 100), "{bad:?}");
        }
        assert!(!is_name(&format!("a{}", "\u{301}".repeat(5)), 100));
        assert!(!is_name(&"a".repeat(101), 100));
        assert_eq!(cleaned(&format!("a\u{202e}{}", "\u{301}".repeat(90))).chars().count(), 5);
    }
}
