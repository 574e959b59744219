//! Seeded numbers and clean figures: the same in every run and on every machine.

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Even over (0, 1).
    pub(crate) fn share(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// Standard normal (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (u, v) = (self.share(), self.share());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// Quarterly figures in hundredths: a size, a trend of 1.5 % a quarter, a season and noise of `noise` (0.03 is 3 %).
pub(crate) fn series(seeded: &mut Seeded, periods: usize, noise: f64) -> Vec<Option<i64>> {
    let size = (12.0 + 1.5 * seeded.normal()).exp();
    let season = [0.9, 1.0, 1.02, 1.08];
    (0..periods)
        .map(|t| {
            let figure =
                size * 1.015_f64.powi(t as i32) * season[t % 4] * (noise * seeded.normal()).exp();
            Some((figure * 100.0) as i64)
        })
        .collect()
}
