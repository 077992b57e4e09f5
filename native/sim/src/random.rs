//! Seeded randomness that is the same on every machine: xoshiro256++ and a few distributions without libm.
//!
//! Source: Blackman, Vigna (2021), "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47(4); the seed is
//! spread by `SplitMix64` as its authors recommend. Written out here (20 lines) so that no library update can change a
//! market that someone saved by its seed.

/// Generator of one stream.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream number `stream` of `seed`.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut x = seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95);
        Self { state: std::array::from_fn(|_| split_mix(&mut x)) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, last] = &mut self.state;
        let result = a.wrapping_add(*last).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *last ^= *b;
        *b ^= *c;
        *a ^= *last;
        *c ^= shifted;
        *last = last.rotate_left(45);
        result
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Uniform integer in [0, bound); 0 for bound 0. Multiply-shift: the bias is below 2^-32 for bounds below 2^32.
    pub fn below(&mut self, bound: u32) -> u32 {
        let wide = u64::from(bound) * (self.bits() >> 32);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// Roughly standard normal, in [-6, 6]: the sum of twelve 16-bit uniforms (Irwin-Hall). Tails are thin on purpose;
    /// the fat tails of the market come from its changing volatility and its jumps.
    pub fn normal(&mut self) -> f64 {
        let mut sum = 0_u32;
        for _ in 0..3 {
            let bits = self.bits();
            for part in 0..4 {
                sum += u32::try_from((bits >> (16 * part)) & 0xFFFF).unwrap_or(0);
            }
        }
        // Each uniform is (k + 1/2) / 65536, so that the mean is exactly 0.
        (f64::from(sum) + 6.0) / 65_536.0 - 6.0
    }

    /// Poisson with this mean, by counting uniforms (Knuth): cost grows with the mean, so it is for means up to ~30.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let floor = exp_minus(mean);
        let mut product = self.uniform();
        let mut count = 0;
        while product > floor {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Pareto with exponent 2, in [1, 1/sqrt(2^-12)] = [1, 64]; mean about 1.98. Sizes of trades look like this.
    pub fn pareto(&mut self) -> f64 {
        1.0 / self.uniform().max(1.0 / 4_096.0).sqrt()
    }
}

fn split_mix(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *x;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// e^-x for x in [0, 30] from products only, so that it does not depend on the platform's libm: a Taylor series at
/// x/1024, then ten squarings. Relative error below 1e-12.
fn exp_minus(x: f64) -> f64 {
    let y = -x / 1024.0;
    let mut result = 1.0
        + y * (1.0
            + y / 2.0
                * (1.0
                    + y / 3.0
                        * (1.0
                            + y / 4.0
                                * (1.0 + y / 5.0 * (1.0 + y / 6.0 * (1.0 + y / 7.0 * (1.0 + y / 8.0)))))));
    for _ in 0..10 {
        result *= result;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{Random, exp_minus};

    #[test]
    fn bits_equal_the_published_vector() {
        // First outputs of the authors' C program for the state 1, 2, 3, 4 (the vector rand_xoshiro tests with).
        let mut random = Random { state: [1, 2, 3, 4] };
        for expected in [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386] {
            assert_eq!(random.bits(), expected);
        }
    }

    #[test]
    fn streams_of_a_seed_differ() {
        assert_ne!(Random::new(7, 0).bits(), Random::new(7, 1).bits());
        assert_ne!(Random::new(7, 0).bits(), Random::new(8, 0).bits());
        assert_eq!(Random::new(7, 1).bits(), Random::new(7, 1).bits());
    }

    #[test]
    fn exp_minus_is_close_to_the_library() {
        for tenth in 0..300 {
            let x = f64::from(tenth) / 10.0;
            assert!((exp_minus(x) / (-x).exp() - 1.0).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn moments_are_as_documented() {
        let mut random = Random::new(1, 0);
        let n = 200_000;
        let (mut sum, mut square, mut count, mut pareto) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = random.normal();
            sum += z;
            square += z * z;
            count += f64::from(random.poisson(2.5));
            pareto += random.pareto();
            assert!(random.below(10) < 10);
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.01);
        assert!((square / n - 1.0).abs() < 0.02);
        assert!((count / n - 2.5).abs() < 0.03);
        assert!((pareto / n - 1.98).abs() < 0.05);
    }
}
