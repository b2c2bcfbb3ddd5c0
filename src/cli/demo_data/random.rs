//! Numbers that look random and are the same every time.

/// SplitMix64 (Steele, Lea, Flood 2014): enough for a sample, never for a secret.
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.abs_diff(least).saturating_add(1);
        least.saturating_add_unsigned(self.next() % span)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of `items`; the default of `T` where there is none.
    pub fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let place = self.between(0, i64::try_from(items.len()).unwrap_or(1).max(1) - 1);
        usize::try_from(place).ok().and_then(|place| items.get(place)).copied().unwrap_or_default()
    }

    /// One of `items`, the first ones more often.
    pub fn pick_early<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let most = i64::try_from(items.len()).unwrap_or(1).max(1);
        let end = self.between(1, most);
        let end = usize::try_from(self.between(1, end)).unwrap_or(1);
        items.get(..end).map_or_else(T::default, |early| self.pick(early))
    }

    /// An address set aside for documentation (RFC 5737).
    pub fn address(&mut self) -> std::net::IpAddr {
        let host = u8::try_from(self.between(1, 254)).unwrap_or(1);
        let network = self.pick(&[[192, 0, 2], [198, 51, 100], [203, 0, 113]]);
        let [a, b, c] = network;
        std::net::IpAddr::from([a, b, c, host])
    }
}
