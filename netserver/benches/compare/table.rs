//! Rows as Markdown.

use crate::results::{Results, Row};
use crate::tests;

/// The table of everything that is known, in the order of the tests, and what is not.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = format!("{}\n\n", results.machine);
    text += "| test | figure | A | B | of A | of B | B/A [95 %] | goal | |\n";
    text += "|---|---|---|---|---:|---:|---|---|---|\n";
    for test in tests::ALL {
        let rows = results.rows.iter().filter(|row| row.test == test.name);
        text.extend(rows.map(row));
    }
    if !results.left_out.is_empty() {
        text += "\nNot measured:\n\n";
        text.extend(results.left_out.iter().map(|(what, why)| format!("- {what}: {why}\n")));
    }
    text
}

fn row(row: &Row) -> String {
    let range = row.range.map(|(low, high)| format!(" [{low:.3}..{high:.3}]")).unwrap_or_default();
    let (goal, verdict) = match &row.goal {
        Some((goal, true)) => (goal.as_str(), "met"),
        Some((goal, false)) => (goal.as_str(), "**short**"),
        None => ("", ""),
    };
    let errors = match row.errors {
        0 => String::new(),
        count => format!(" {count} not served"),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {:.3}{range} | {goal} | {verdict}{errors} |\n",
        row.test,
        row.unit,
        row.a,
        row.b,
        figure(row.of_a),
        figure(row.of_b),
        row.ratio
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
