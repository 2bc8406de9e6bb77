//! The figures of `cargo bench -p netserver --bench compare`: what is made of samples, and of words.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]
#![allow(dead_code, reason = "what the benchmark alone uses")]

#[path = "../benches/compare/arguments.rs"]
mod arguments;
#[path = "../benches/compare/statistics.rs"]
mod statistics;

use arguments::{Arguments, Job};
use statistics::{interval, median, quantile};

fn counted(count: u32) -> Vec<f64> {
    // In no order, as rounds are.
    (1..=count).map(|number| f64::from((number * 17) % (count + 1))).collect()
}

fn is(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

#[test]
fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
    assert_eq!(median(&[]), None);
    for (values, wanted) in
        [(vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 3.0, 2.0], 2.5)]
    {
        assert!(is(median(&values).unwrap(), wanted), "{values:?}");
    }
}

/// The ranks are those of any table of the binomial distribution: the k-th smallest and greatest.
#[test]
fn the_interval_has_the_ranks_of_the_binomial_table() {
    for (count, rank) in
        [(5, 1), (6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (21, 6), (41, 14), (100, 40)]
    {
        let values: Vec<f64> = (1..=count).rev().map(f64::from).collect();
        let found = interval(&values).unwrap();
        let wanted = (f64::from(rank), f64::from(count + 1 - rank));
        assert!(is(found.low, wanted.0) && is(found.high, wanted.1), "{count}: {found:?}");
    }
}

#[test]
fn the_interval_holds_its_median_in_whatever_order_the_samples_came() {
    assert_eq!(interval(&[]), None);
    for count in [1, 2, 7, 12, 40] {
        let values = counted(count);
        let found = interval(&values).unwrap();
        assert!(found.low <= found.median && found.median <= found.high, "{found:?}");
        assert!(is(found.median, median(&values).unwrap()));
    }
}

/// Of a thousand draws from a distribution that is far from normal about 95 % enclose the true median.
#[test]
fn the_interval_encloses_the_true_median_in_about_95_of_100_draws() {
    let mut state = 42_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX);
        -(1.0 - uniform * 0.999_999).ln()
    };
    let true_median = std::f64::consts::LN_2;
    let holds = |found: statistics::Interval| found.low <= true_median && true_median <= found.high;
    let enclosed = (0..1_000)
        .filter(|_| holds(interval(&(0..21).map(|_| draw()).collect::<Vec<_>>()).unwrap()))
        .count();
    assert!((930..=985).contains(&enclosed), "{enclosed} of 1000");
}

#[test]
fn a_quantile_is_the_value_that_the_share_does_not_exceed() {
    let sorted: Vec<u32> = (1..=100).collect();
    assert_eq!(quantile(&[], 0.99), None);
    for (share, wanted) in [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)] {
        assert_eq!(quantile(&sorted, share), Some(wanted), "{share}");
    }
    assert_eq!(quantile(&[7], 0.99), Some(7));
}

fn read(words: &[&str]) -> Result<Arguments, String> {
    Arguments::read(words.iter().map(Into::into))
}

#[test]
fn words_say_what_is_measured() {
    let all = read(&["--bench"]).unwrap();
    assert!(!all.is_quick && all.pairs == 21 && all.wants("anything"));
    let some =
        read(&["--bench", "--quick", "--pairs", "7", "--only", "fork", "--only", "UDP"]).unwrap();
    assert!(some.is_quick && some.pairs == 7);
    assert!(some.wants("Perl fork") && some.wants("UDP calls") && !some.wants("single"));
    assert_eq!(read(&["--list"]).unwrap().job, Job::List);
}

/// `cargo test --benches` runs it without a word: a trial that takes a few seconds.
#[test]
fn without_a_word_it_is_a_trial() {
    let trial = read(&[]).unwrap();
    assert!(trial.is_quick && trial.wants("single") && !trial.wants("prefork"));
}

#[test]
fn wrong_words_are_refused() {
    for (words, fault) in [
        (&["--pairs", "0"][..], "--pairs: expected a number, 1 to 1000, got 0"),
        (&["--pairs"][..], "--pairs wants a value"),
        (&["--fast"][..], "--fast: unknown argument"),
    ] {
        assert!(read(words).unwrap_err().starts_with(fault), "{words:?}");
    }
}
