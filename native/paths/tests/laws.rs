//! Paths against a published generator, exact laws, and themselves on other numbers of threads.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use paths::{Bootstrap, Diffusion, Ends, Error, Generator, LANES, Model, Plan, Stake, Student, run};
use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn plan(paths: usize, steps: u32, threads: usize, antithetic: bool) -> Plan {
    Plan::new(paths, steps, 7, threads, antithetic).unwrap()
}

fn ends(model: &impl Model, plan: &Plan) -> Ends {
    run(model, plan, |_, _| true).unwrap()
}

fn assert_near(values: &[f64], wanted: f64) {
    #[allow(clippy::cast_precision_loss, reason = "few")]
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (square / n).sqrt();
    assert!((mean - wanted).abs() < 4.0 * error, "{mean} +- {error}, wanted {wanted}");
}

#[test]
fn each_lane_is_the_crates_generator() {
    let mut ours = Generator::new(11, 3, false);
    let mut theirs: Vec<_> = (0..LANES)
        .map(|lane| {
            let words = ours.state(lane).unwrap();
            let mut bytes = [0; 32];
            for (to, from) in bytes.chunks_mut(8).zip(words) {
                to.copy_from_slice(&from.to_le_bytes());
            }
            Xoshiro256PlusPlus::from_seed(bytes)
        })
        .collect();
    for _ in 0..1_000 {
        for (word, other) in ours.bits().into_iter().zip(&mut theirs) {
            assert_eq!(word, other.next_u64());
        }
    }
}

#[test]
fn a_result_does_not_depend_on_the_number_of_threads() {
    let model = Diffusion::new(0.001, 0.02, true).unwrap();
    let make = |threads| {
        let plan = plan(1_000, 50, threads, false).watching(Some(1.1), Some(0.9)).unwrap();
        let all = ends(&model, &plan);
        [all.wealth, all.drawdown, all.target, all.ruin]
            .map(|column| column.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    let one = make(1);
    for threads in [2, 3, 8] {
        assert!(one == make(threads), "{threads} threads");
    }
}

#[test]
fn a_diffusion_has_its_moments_and_first_passages() {
    let (nu, vol, level) = (0.06_f64, 0.2_f64, 0.25_f64);
    let model = Diffusion::new(nu / 12.0, vol / 12.0_f64.sqrt(), true).unwrap();
    let found = ends(&model, &plan(200_000, 12, 2, false).watching(Some(level.exp()), None).unwrap());
    assert_near(&found.wealth, nu);
    let squares: Vec<f64> = found.wealth.iter().map(|x| (x - nu).powi(2)).collect();
    assert_near(&squares, vol * vol);
    assert_near(&found.target, 0.299_284_422_005_083);
}

#[test]
fn partners_are_mirrored_and_stand_side_by_side() {
    let model = Diffusion::new(0.0, 0.1, false).unwrap();
    let found = ends(&model, &plan(200, 10, 2, true));
    for pair in found.wealth.chunks(2) {
        assert!((pair[0] + pair[1]).abs() < 1e-12);
    }
    assert!(Plan::new(3, 1, 0, 1, true).is_err());
}

#[test]
fn student_returns_have_their_tail() {
    let model = Student::new(0.0005, 0.012, 5.0, Stake::new(1.0, 0.0).unwrap()).unwrap();
    let found = ends(&model, &plan(400_000, 1, 2, false));
    let simple: Vec<f64> = found.wealth.iter().map(|x| x.exp_m1()).collect();
    assert_near(&simple, 0.0005);
    let edge = -0.030_777_562_832_611_356;
    let below: Vec<f64> = simple.iter().map(|x| if *x < edge { 1.0 } else { 0.0 }).collect();
    assert_near(&below, 0.01);
}

#[test]
fn bootstraps_have_the_exact_variance_of_the_mean() {
    let x = [0.012, 0.008, -0.004, 0.015, 0.011, -0.009, -0.014, -0.002, 0.006, 0.013, 0.001, -0.007_f64];
    let returns: Vec<f64> = x.iter().map(|x| x.exp_m1()).collect();
    for (block, circular, wanted) in [
        (4.0, false, 4.353_518_202_073_044e-6),
        (3.0, true, 5.849_537_037_037_037e-6),
        (1.0, false, 7.159_722_222_222_222e-6),
    ] {
        let stake = Stake::new(1.0, 0.0).unwrap();
        let model = Bootstrap::new(&returns, block, circular, stake).unwrap();
        let found = ends(&model, &plan(400_000, 12, 2, false));
        let squares: Vec<f64> = found.wealth.iter().map(|sum| (sum / 12.0 - 0.0025).powi(2)).collect();
        assert_near(&squares, wanted);
    }
}

#[test]
fn who_watches_may_cancel() {
    let model = Diffusion::new(0.0, 0.1, false).unwrap();
    let stopped = run(&model, &plan(1 << 20, 1_000, 2, false), |_, _| false);
    assert_eq!(stopped.unwrap_err(), Error::Cancelled);
}

#[test]
fn refusals_name_value_and_bound() {
    let text = Stake::new(-1.0, 0.0).unwrap_err().to_string();
    assert_eq!(text, "fraction must be in [0, 1000], was -1");
    assert!(Diffusion::new(0.0, f64::NAN, true).is_err());
    assert!(Bootstrap::new(&[], 1.0, false, Stake::new(1.0, 0.0).unwrap()).is_err());
}
