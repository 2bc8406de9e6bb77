//! Rows as Markdown. Names of tests and servers are code there: they have underscores, and colons.

use crate::charts::{self, Chart};
use crate::results::{Results, Row};
use crate::tests::{self, Figure};

/// The table of everything that is known, in the order of the tests, and what is not.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = format!("{}\n\n", results.machine);
    text += "| test | figure | A | B | of A | of B | B/A [95 %] | pairs | goal | |\n";
    text += "|---|---|---|---|---:|---:|---|---:|---|---|\n";
    for test in tests::ALL {
        let rows = results.rows.iter().filter(|row| row.test == test.name);
        text.extend(rows.map(row));
    }
    for chart in charts::ALL {
        text += &points(chart, results);
    }
    if !results.left_out.is_empty() {
        text += "\nNot measured:\n\n";
        text.extend(results.left_out.iter().map(|(what, why)| format!("- `{what}`: {why}\n")));
    }
    text
}

/// A chart's points: a row for each server, a column for each place.
fn points(chart: &Chart, results: &Results) -> String {
    let points = || results.points.iter().filter(|point| point.chart == chart.name);
    let mut places: Vec<u64> = points().map(|point| point.x).collect();
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = places.iter().map(u64::to_string).collect();
    let rules = "---:|".repeat(places.len());
    let head =
        format!("\n| `{}` ({}) | {} |\n|---|{rules}\n", chart.name, chart.y, heads.join(" | "));
    let rows = chart.servers.iter().filter_map(|server| {
        let at = |x: &u64| points().find(|point| point.server == *server && point.x == *x);
        let cell = |x| at(x).map_or_else(String::new, |point| figure(point.y));
        let cells: Vec<String> = places.iter().map(cell).collect();
        let is_there = points().any(|point| point.server == *server);
        is_there.then(|| format!("| `{server}` | {} |\n", cells.join(" | ")))
    });
    head + &rows.collect::<String>()
}

/// Every rate that is held against another's, the worst ratio first: nothing is left out by choice. Those
/// of ours against ours are of no interest to whoever asks how fast it is.
pub(crate) fn rates(results: &Results) -> String {
    let is_rate = |row: &&Row| row.unit == Figure::Rate.unit() && !row.a.starts_with("netserver");
    let mut rows: Vec<&Row> = results.rows.iter().filter(is_rate).collect();
    rows.sort_by(|one, other| one.ratio.unwrap_or(0.0).total_cmp(&other.ratio.unwrap_or(0.0)));
    let mut text = format!("{}\n\n", results.machine);
    text += "| test | B / A | served/s [95 %] | goal | |\n|---|---|---|---|---|\n";
    text.extend(rows.into_iter().map(|row| {
        let (goal, verdict) = verdict(row);
        let (Row { test, a, b, .. }, ratio) = (row, ratio(row));
        format!("| `{test}` | `{b}` / `{a}` | {ratio} | {goal} | {verdict} |\n")
    }));
    text
}

fn ratio(row: &Row) -> String {
    let ratio = row.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
    let range = row.range.map(|(low, high)| format!(" [{low:.3}..{high:.3}]")).unwrap_or_default();
    ratio + &range
}

/// The goal, and whether it was reached.
fn verdict(row: &Row) -> (&str, &'static str) {
    match &row.goal {
        Some((goal, true)) => (goal, "met"),
        Some((goal, false)) => (goal, "**short**"),
        None => ("", ""),
    }
}

fn row(row: &Row) -> String {
    let (goal, verdict) = verdict(row);
    let errors = match row.errors {
        [0, 0] => String::new(),
        [of_a, of_b] => format!(" not served: {of_a} by A, {of_b} by B"),
    };
    let quick = if row.is_quick { " quick" } else { "" };
    format!(
        "| `{}` | {} | `{}` | `{}` | {} | {} | {} | {}{quick} | {goal} | {verdict}{errors} |\n",
        row.test,
        row.unit,
        row.a,
        row.b,
        figure(row.of_a),
        figure(row.of_b),
        ratio(row),
        row.pairs,
    )
}

/// As many digits as mean something.
fn figure(value: f64) -> String {
    match value.abs() {
        1_000.0.. => format!("{value:.0}"),
        100.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
