//! What the process used of the processors, as Linux tells it. Unlike rates it hardly depends on
//! what else the machine does.

use std::time::Duration;

/// Linux counts in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// Time on all processors so far, in user and kernel mode; nothing where the system has no such file.
pub fn used() -> Duration {
    let fields = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold blanks.
    let after_name = fields.rsplit(')').next().unwrap_or_default();
    let ticks: u32 =
        after_name.split(' ').skip(12).take(2).filter_map(|n| n.parse::<u32>().ok()).sum();
    TICK * ticks
}
