//! The figures of `cargo bench -p netserver --bench compare`: what is made of samples, and of words.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]
#![allow(dead_code, reason = "what the benchmark alone uses")]

#[path = "../benches/compare/arguments.rs"]
mod arguments;
#[path = "../benches/compare/contestants.rs"]
mod contestants;
#[path = "../benches/compare/page.rs"]
mod page;
#[path = "../benches/compare/results.rs"]
mod results;
#[path = "../benches/compare/statistics.rs"]
mod statistics;
#[path = "../benches/compare/table.rs"]
mod table;
#[path = "../benches/compare/tests.rs"]
mod tests;

/// What the rows name of modules that run things.
mod load {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Talk {
        Short,
        Keep,
    }
}

mod measure {
    #[derive(Debug)]
    pub(crate) struct Samples {
        pub(crate) figure: crate::tests::Figure,
        pub(crate) a: Vec<f64>,
        pub(crate) b: Vec<f64>,
        pub(crate) errors: [u64; 2],
    }
}

mod charts {
    pub(crate) struct Chart {
        pub(crate) name: &'static str,
        pub(crate) y: &'static str,
        pub(crate) servers: &'static [&'static str],
    }

    pub(crate) const ALL: &[Chart] = &[];
}

mod tools {
    pub(crate) fn package() -> &'static std::path::Path {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Program {
        Netserver,
        Plain,
        Floor,
        Perl,
        Std,
        Tokio,
        Apache,
    }
}

use arguments::{Arguments, Job};
use contestants::{Listens, Start};
use measure::Samples;
use results::{Point, Results, Row};
use statistics::{interval, median, quantile};
use tests::{Figure, Goal};

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

#[test]
fn every_test_is_of_two_servers_that_are_known_and_has_a_name_of_its_own() {
    let mut names: Vec<&str> = tests::ALL.iter().map(|test| test.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for test in tests::ALL {
        for server in [test.a, test.b] {
            assert!(contestants::find(server).is_some(), "{}: {server}", test.name);
        }
    }
}

#[test]
fn a_goal_is_held_against_what_it_is_about() {
    // The other's figure, ours, and the ratio.
    let of = (10.0, 12.0, 1.2);
    for (goal, is_met) in [
        (Goal::AtLeast(1.2), true),
        (Goal::AtLeast(1.21), false),
        (Goal::AtMost(1.2), true),
        (Goal::AtMost(1.1), false),
        (Goal::Within(0.21), true),
        (Goal::Within(0.1), false),
        (Goal::OursAtMost(12.0), true),
        (Goal::OursAtMost(11.0), false),
        (Goal::MoreAtMost(2.0), true),
        (Goal::MoreAtMost(1.0), false),
    ] {
        assert_eq!(goal.is_met(of.0, of.1, of.2), is_met, "{goal}");
    }
}

#[test]
fn a_command_line_has_its_ports_its_children_and_its_mode() {
    let start = |keeps| Start {
        children: 8,
        keeps,
        port: 4711,
        folder: "/tmp/x",
        benches: "/benches",
        is_root: false,
    };
    let words = |name, keeps| contestants::find(name).unwrap().words(&start(keeps)).join(" ");
    assert_eq!(
        words("netserver prefork_simple", false),
        "--server_type prefork_simple --max_servers 8 --port=127.0.0.1:0 --mode=line"
    );
    assert_eq!(words("floor prefork", true), "prefork -n 8 -k");
    assert_eq!(words("floor prefork", false), "prefork -n 8");
    assert_eq!(words("floor prefork, Unix", false), "prefork -n 8 -u /tmp/x/socket");
    assert_eq!(
        words("Net::Server PreFork", true),
        "/benches/peers/net_server.pl PreFork 4711 8 keep /tmp/x"
    );
    let many = contestants::find("netserver prefork, 256 ports").unwrap();
    assert_eq!(many.listens, Listens::Tcp(256));
    assert_eq!(words(many.name, false).matches("--port=127.0.0.1:0").count(), 256);
}

/// The row of a test whose pairs all have this ratio.
fn row(name: &str, ratio: f64, is_quick: bool) -> Row {
    let test = tests::ALL.iter().find(|test| test.name == name).unwrap();
    let (a, b) = (vec![1_000.0; 6], vec![1_000.0 * ratio; 6]);
    Row::of(test, &Samples { figure: Figure::Rate, a, b, errors: [0; 2] }, is_quick).unwrap()
}

fn results(rows: &[Row]) -> Results {
    Results { machine: "a machine".to_owned(), rows: rows.to_vec(), ..Results::default() }
}

#[test]
fn results_are_read_as_they_were_written() {
    let mut written = results(&[row("prefork", 0.98, false), row("single", 0.9, true)]);
    written.points.push(Point {
        chart: "rate".to_owned(),
        server: "floor epoll".to_owned(),
        x: 16,
        y: 2.5,
        is_quick: true,
    });
    written.left_out.insert("fork".to_owned(), "no time".to_owned());
    let path = std::env::temp_dir().join(format!("netserver-results-{}", std::process::id()));
    written.write(&path).unwrap();
    let read = Results::read(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read, written);
}

#[test]
fn what_another_machine_measured_is_forgotten() {
    let mut known = results(&[row("prefork", 0.98, false)]);
    assert!(!known.keep_of("a machine".to_owned()) && known.rows.len() == 1);
    assert!(known.keep_of("another".to_owned()) && known.rows.is_empty());
    assert!(known.machine == "another" && !known.keep_of("a third".to_owned()));
}

#[test]
fn nothing_quick_is_published() {
    let may = |rows: &[Row]| page::may_be_published(&results(rows));
    assert_eq!(may(&[row("single", 1.0, false)]), Ok(()));
    assert_eq!(may(&[]), Err("--page: nothing was measured yet".to_owned()));
    let some = may(&[row("single", 1.0, false), row("prefork", 1.0, true)]);
    assert_eq!(some, Err("--page: measured by --quick only: prefork".to_owned()));
}

/// Neither chosen nor rounded to look better: 0.9678 is below a goal of 0.97, and is shown so.
#[test]
fn both_pages_have_every_rate_the_worst_first_with_the_same_digits() {
    let known = results(&[
        row("prefork", 1.012, false),
        row("thread", 0.9678, false),
        row("prefork spare limits", 0.5, false),
        row("Perl fork", 8.25, false),
    ]);
    let rates = table::rates(&known);
    let shown: Vec<&str> = rates.lines().skip(4).collect();
    assert_eq!(
        shown,
        [
            "| `thread` | `netserver thread` / `floor threads` | 0.968 [0.968..0.968] | B/A ≥ 0.97 | **short** |",
            "| `prefork` | `netserver prefork` / `floor prefork` | 1.012 [1.012..1.012] | B/A ≥ 0.97 | met |",
            "| `Perl fork` | `netserver fork` / `Net::Server Fork` | 8.250 [8.250..8.250] | B/A ≥ 8 | met |",
        ]
    );
    let table = table::markdown(&known);
    for (ratio, pairs) in [("0.968 [0.968..0.968]", 6), ("8.250 [8.250..8.250]", 6)] {
        assert!(table.contains(&format!(" | {ratio} | {pairs} | ")), "{table}");
    }
}

#[test]
fn who_left_clients_without_an_answer_is_told() {
    let mut some = row("prefork", 1.0, false);
    some.errors = [2, 3];
    let table = table::markdown(&results(&[some, row("thread", 1.0, false)]));
    let told: Vec<&str> = table.lines().filter(|line| line.contains("not served")).collect();
    assert_eq!(told.len(), 1, "{table}");
    assert!(told[0].ends_with(" not served: 2 by A, 3 by B |"), "{told:?}");
}

/// The ratios in a table, each with its interval.
fn ratios(text: &str) -> Vec<&str> {
    text.split(" | ").filter(|cell| cell.contains("..") && cell.ends_with(']')).collect()
}

#[test]
fn what_the_readme_says_of_speed_is_in_the_table_of_performance() {
    let [table, readme] = page::ALL.map(|page| {
        let text = std::fs::read_to_string(tools::package().join(page.path)).unwrap();
        assert!(page.filled(&text, &results(&[row("single", 1.5, false)])).is_some(), "its marks");
        page.parts(&text).unwrap().1.to_owned()
    });
    let known = ratios(&table);
    let unknown: Vec<&str> =
        ratios(&readme).into_iter().filter(|ratio| !known.contains(ratio)).collect();
    assert!(unknown.is_empty(), "in README.md alone: {unknown:?}");
    assert_eq!(known.is_empty(), ratios(&readme).is_empty(), "one page is filled, one is not");
}
