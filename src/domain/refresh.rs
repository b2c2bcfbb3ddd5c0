//! What presenting a refresh token means: rotate, retry or theft (contract §6, RFC 9700 §4.14.2).

use crate::clock::Timestamp;

/// The answer to a presented refresh token of an active family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It is the live one: retire it, give a new one.
    Rotate,
    /// It was rotated moments ago: the answer was lost or two requests crossed. An access token,
    /// and no second refresh token, so that a family never forks.
    Retry,
    /// It was rotated longer ago: somebody holds a copy. The family ends.
    Replayed,
}

/// Judges a refresh token retired at `retired_at` (if at all) against the retry window.
pub fn judge(now: Timestamp, retired_at: Option<Timestamp>, window_seconds: i64) -> Presented {
    match retired_at {
        None => Presented::Rotate,
        Some(at) if now < at.plus_seconds(window_seconds) => Presented::Retry,
        Some(_) => Presented::Replayed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_decides_between_retry_and_theft() {
        let retired = Some(Timestamp(10_000));
        assert_eq!(judge(Timestamp(10_000), None, 60), Presented::Rotate);
        assert_eq!(judge(Timestamp(69_999), retired, 60), Presented::Retry);
        assert_eq!(judge(Timestamp(70_000), retired, 60), Presented::Replayed);
        assert_eq!(judge(Timestamp(10_000), retired, 0), Presented::Replayed);
    }
}
