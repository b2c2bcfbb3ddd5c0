//! Bars of thirty days, drawn by the server, with the table that says the same in numbers.

use crate::clock::Timestamp;
use crate::console::mcp_users::parts::number;

/// Of the drawing, in its own units.
const LEFT: i64 = 48;
const STEP: i64 = 22;
const TOP: i64 = 12;
const HEIGHT: i64 = 120;
/// Between the parts of a bar, so that they are told apart without their colours.
const GAP: i64 = 2;

/// A kind of value: the class of its colour, its name.
pub struct Series {
    /// The class.
    pub class: &'static str,
    /// The name.
    pub label: &'static str,
}

/// A part of a bar.
pub struct Piece {
    /// Its class.
    pub class: &'static str,
    /// Where it begins, from above.
    pub y: i64,
    /// How high it is.
    pub height: i64,
}

/// A day.
pub struct Bar {
    /// The day.
    pub day: String,
    /// What it says, in words.
    pub title: String,
    /// Where it stands.
    pub x: i64,
    /// Its parts, from below.
    pub pieces: Vec<Piece>,
    /// Its values.
    pub values: Vec<String>,
}

/// A chart.
pub struct Chart {
    /// Its id in the page.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// Its kinds of values.
    pub series: Vec<Series>,
    /// Its days.
    pub bars: Vec<Bar>,
    /// The value at its upper edge.
    pub top: String,
    /// The sum of everything.
    pub total: i64,
}

/// What each day has of each kind, in the order of the kinds.
pub type Days = Vec<(Timestamp, Vec<i64>)>;

impl Chart {
    /// Draws it.
    pub fn new(id: &'static str, title: &'static str, series: Vec<Series>, days: &Days) -> Self {
        let most = days.iter().map(|(_, values)| values.iter().sum()).max().unwrap_or(0);
        let top = round_up(most);
        let bars = days
            .iter()
            .zip(0_i64..)
            .map(|((at, values), place)| bar(&series, *at, values, LEFT + place * STEP, top))
            .collect();
        let total = days.iter().flat_map(|(_, values)| values).sum();
        Self { id, title, series, bars, top: number(&top), total }
    }

    /// The days below the drawing: each fifth, and where it stands.
    pub fn labels(&self) -> impl Iterator<Item = (i64, &str)> {
        self.bars.iter().rev().step_by(5).map(|bar| (bar.x, bar.day.as_str()))
    }
}

fn bar(series: &[Series], at: Timestamp, values: &[i64], x: i64, top: i64) -> Bar {
    let mut y = TOP + HEIGHT;
    let mut pieces = Vec::new();
    for (kind, value) in series.iter().zip(values).filter(|(_, value)| **value > 0) {
        let height = (value * HEIGHT / top).max(1);
        y -= height;
        // The gap is taken from the upper piece, so that the bar is as high as its day.
        let shown = if pieces.is_empty() { height } else { (height - GAP).max(1) };
        pieces.push(Piece { class: kind.class, y, height: shown });
    }
    let told: Vec<_> = series
        .iter()
        .zip(values)
        .map(|(kind, value)| format!("{} {}", number(value), kind.label))
        .collect();
    let day = at.to_utc().format("%-d %b").to_string();
    let values = values.iter().map(number).collect();
    Bar { title: format!("{day}: {}", told.join(", ")), day, x, pieces, values }
}

/// The next round number: 1, 2 or 5 and zeros.
fn round_up(most: i64) -> i64 {
    let mut unit: i64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let round = unit.saturating_mul(factor);
            if round >= most {
                return round;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_edge_is_a_round_number() {
        for (most, round) in [(0, 1), (1, 1), (3, 5), (10, 10), (101, 200), (4_999, 5_000)] {
            assert_eq!(round_up(most), round);
        }
        assert_eq!(round_up(i64::MAX), i64::MAX);
    }

    #[test]
    fn what_happened_is_seen_and_nothing_stands_over_the_edge() {
        let series = || {
            vec![
                Series { class: "ok", label: "answered" },
                Series { class: "bad", label: "refused" },
            ]
        };
        let days = vec![
            (Timestamp(0), vec![0, 0]),
            (Timestamp(86_400_000), vec![900, 1]),
            (Timestamp(2 * 86_400_000), vec![1_000, 1_000]),
        ];
        let chart = Chart::new("x", "x", series(), &days);
        assert_eq!((chart.top.as_str(), chart.total), ("2,000", 2_901));
        assert!(chart.bars[0].pieces.is_empty());
        assert_eq!(chart.bars[1].pieces[1].height, 1, "one call in two thousand is seen");
        assert_eq!(chart.bars[2].pieces[1].y, TOP);
        assert_eq!(chart.bars[1].title, "2 Jan: 900 answered, 1 refused");
    }
}
