//! Logarithm, exponential, sine and cosine without branches, so that a loop over lanes becomes vector code.
//!
//! Polynomials of fdlibm (Sun Microsystems 1993: `e_log.c`, `k_sin.c`, `k_cos.c`); errors are below 2 units in the
//! last place, which the tests hold them to. Multiplications and additions stay apart: fused ones would make results
//! depend on the processor.

const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
const ONE: u64 = 0x3FF0_0000_0000_0000;
const MANTISSA: u64 = 0x000F_FFFF_FFFF_FFFF;
const TWO_52: u64 = 0x4330_0000_0000_0000;
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5 * 2^52: adding it rounds to a whole number, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

const LN: [f64; 7] = [
    6.666_666_666_666_735e-1,
    3.999_999_999_940_942e-1,
    2.857_142_874_366_239e-1,
    2.222_219_843_214_978_4e-1,
    1.818_357_216_161_805e-1,
    1.531_383_769_920_937_3e-1,
    1.479_819_860_511_658_6e-1,
];
/// 1 / k! for k = 1..13: Taylor, |r| <= ln(2) / 2.
const EXP: [f64; 13] = [
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];
const SIN: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COS: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// The sum of c[k] x^k.
#[inline(always)]
fn horner<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// ln x for x normal, finite and > 0.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    let moved = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits((moved >> 52) | TWO_52) - (4_503_599_627_370_496.0 + 1_023.0);
    let f = f64::from_bits((moved & MANTISSA).wrapping_add(SQRT_HALF)) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * horner(z, &LN);
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f)
}

/// e^x for x in [-700, 700]; what is outside is taken to the nearer end.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let x = at_most(at_least(x, -700.0), 700.0);
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let p = 1.0 + r * horner(r, &EXP);
    f64::from_bits(p.to_bits().wrapping_add(rounded.to_bits() << 52))
}

/// (sin 2 pi u, cos 2 pi u) for u in [0, 1].
#[inline(always)]
pub(crate) fn sin_cos_turn(u: f64) -> (f64, f64) {
    let rounded = u * 4.0 + ROUND;
    let quarter = rounded.to_bits();
    let a = (u - (rounded - ROUND) * 0.25) * std::f64::consts::TAU;
    let z = a * a;
    let sin = a + a * z * horner(z, &SIN);
    let cos = 1.0 - 0.5 * z + z * z * horner(z, &COS);
    let odd = 0_u64.wrapping_sub(quarter & 1);
    let (s, c) = (sin.to_bits(), cos.to_bits());
    let first = (s & !odd) | (c & odd);
    let second = (c & !odd) | (s & odd);
    let sign_sin = (quarter & 2) << 62;
    let sign_cos = (quarter.wrapping_add(1) & 2) << 62;
    (f64::from_bits(first ^ sign_sin), f64::from_bits(second ^ sign_cos))
}

/// The larger of two numbers, as one instruction.
#[inline(always)]
pub(crate) fn at_least(x: f64, low: f64) -> f64 {
    if x > low { x } else { low }
}

/// The smaller of two numbers, as one instruction.
#[inline(always)]
pub(crate) fn at_most(x: f64, high: f64) -> f64 {
    if x < high { x } else { high }
}

#[cfg(test)]
mod tests {
    use super::{exp, ln, sin_cos_turn};

    #[test]
    fn they_are_near_the_library_everywhere_they_are_used() {
        for i in 1..200_000_u32 {
            let u = f64::from(i) / 200_000.0;
            let x = (u - 0.5) * 1_390.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-15, "exp {x}");
            for v in [u, u * 1e-300, u * 1e3] {
                assert!((ln(v) - v.ln()).abs() <= 4e-16 * v.ln().abs().max(1e-3), "ln {v}");
            }
            let (sin, cos) = sin_cos_turn(u);
            let (a, b) = (u * std::f64::consts::TAU).sin_cos();
            assert!((sin - a).abs() < 2e-15 && (cos - b).abs() < 2e-15, "turn {u}");
        }
    }
}
