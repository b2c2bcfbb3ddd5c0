//! The most memory the process used, as Linux tells it.

/// Forgets the peak of memory so far: what filled the tables is not what serves.
pub fn forget_peak() {
    // Where the system has no such file, the peak includes the filling.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The peak of memory, load generator included.
pub fn peak() -> String {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            text.lines().find_map(|line| line.strip_prefix("VmHWM:").map(str::to_owned))
        })
        .map_or("unknown".into(), |peak| peak.trim().to_owned())
}
