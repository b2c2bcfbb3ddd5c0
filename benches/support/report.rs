//! How long to measure, and what counts.

use std::time::Duration;

/// How often everything is measured, in turns; the median counts.
pub fn rounds() -> usize {
    variable("BENCH_ROUNDS").map_or(3, |rounds| rounds as usize)
}

/// How long a cell is measured in one round.
pub fn time() -> Duration {
    Duration::from_secs_f64(variable("BENCH_SECONDS").unwrap_or(1.0))
}

fn variable(name: &str) -> Option<f64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The middle of `numbers`.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.swap_remove(numbers.len() / 2)
}
