//! Randomness for one block: a generator for each lane, their states side by side.

use crate::maths;

/// Paths of a block.
pub const LANES: usize = 64;
/// A figure for each path of a block.
pub type Lanes = [f64; LANES];

const HALF: usize = LANES / 2;
const ONE: u64 = 0x3FF0_0000_0000_0000;

/// xoshiro256++ in [`LANES`] lanes.
#[derive(Clone, Debug)]
pub struct Generator {
    state: [[u64; LANES]; 4],
    mirrored: bool,
}

impl Generator {
    /// The stream of a block; `mirrored` makes the upper half of the lanes the lower's normals with the sign turned.
    #[must_use]
    pub fn new(seed: u64, block: u64, mirrored: bool) -> Self {
        let mut x = seed ^ block.wrapping_mul(0xD134_2543_DE82_EF95);
        let mut state = [[0; LANES]; 4];
        for lane in 0..LANES {
            for row in &mut state {
                if let Some(word) = row.get_mut(lane) {
                    *word = split_mix(&mut x);
                }
            }
        }
        Self { state, mirrored }
    }

    /// The state of a lane.
    #[must_use]
    pub fn state(&self, lane: usize) -> Option<[u64; 4]> {
        let [a, b, c, d] = &self.state;
        Some([*a.get(lane)?, *b.get(lane)?, *c.get(lane)?, *d.get(lane)?])
    }

    /// Whether the upper half mirrors the lower.
    #[must_use]
    pub const fn is_mirrored(&self) -> bool {
        self.mirrored
    }

    /// 64 random bits a lane.
    #[inline(always)]
    pub fn bits(&mut self) -> [u64; LANES] {
        let mut out = [0; LANES];
        let [first, second, third, fourth] = &mut self.state;
        let rows = first.iter_mut().zip(second).zip(third.iter_mut().zip(fourth));
        for (word, ((a, b), (c, d))) in out.iter_mut().zip(rows) {
            *word = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
            let shifted = *b << 17;
            *c ^= *a;
            *d ^= *b;
            *b ^= *c;
            *a ^= *d;
            *c ^= shifted;
            *d = d.rotate_left(45);
        }
        out
    }

    /// Uniform in [0, 1), multiples of 2^-52; mirrored lanes have their partner's.
    #[inline(always)]
    pub fn uniforms(&mut self) -> Lanes {
        let mut out = self.bits().map(unit);
        if self.mirrored {
            let (low, high) = out.split_at_mut(HALF);
            high.copy_from_slice(low);
        }
        out
    }

    /// Standard normal (Box, Muller 1958); mirrored lanes have minus their partner's.
    #[inline(always)]
    pub fn normals(&mut self) -> Lanes {
        let bits = self.bits();
        let mut out = [0.0; LANES];
        let (radii, turns) = bits.split_at(HALF);
        let (low, high) = out.split_at_mut(HALF);
        for ((a, b), (x, y)) in radii.iter().zip(turns).zip(low.iter_mut().zip(high.iter_mut())) {
            let radius = (-2.0 * maths::ln(1.0 - unit(*a))).sqrt();
            let (sin, cos) = maths::sin_cos_turn(unit(*b));
            *x = radius * cos;
            *y = radius * sin;
        }
        if self.mirrored {
            for (x, y) in low.iter().zip(high) {
                *y = -*x;
            }
        }
        out
    }
}

#[inline(always)]
fn unit(bits: u64) -> f64 {
    f64::from_bits((bits >> 12) | ONE) - 1.0
}

fn split_mix(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *x;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
