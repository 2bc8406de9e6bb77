//! What was measured, as lines of JSON that outlive a run: a test that is done again takes its own place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::measure::Samples;
use crate::statistics::{interval, median};
use crate::tests::{Figure, Test};

/// One row of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) test: String,
    pub(crate) unit: String,
    pub(crate) a: String,
    pub(crate) b: String,
    pub(crate) of_a: f64,
    pub(crate) of_b: f64,
    /// Nothing where A has none of it.
    pub(crate) ratio: Option<f64>,
    /// Where the true ratio lies with 95 %; of one pair alone nothing is known.
    pub(crate) range: Option<(f64, f64)>,
    pub(crate) pairs: u64,
    /// By `--quick`: shows that it works, and is published nowhere.
    pub(crate) is_quick: bool,
    /// Clients of A and of B that were not served.
    pub(crate) errors: [u64; 2],
    pub(crate) goal: Option<(String, bool)>,
}

/// One point of a chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) chart: String,
    pub(crate) server: String,
    pub(crate) x: u64,
    pub(crate) y: f64,
    pub(crate) is_quick: bool,
}

/// Everything that is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Results {
    /// What all of it was measured on, by the machine's line.
    pub(crate) machine: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) points: Vec<Point>,
    /// What could not be measured, by test or chart.
    pub(crate) left_out: BTreeMap<String, String>,
}

impl Row {
    /// A row from samples, where there is one to show: what a test is about always, and what is
    /// measured beside it where it has a goal.
    pub(crate) fn of(test: &Test, samples: &Samples, is_quick: bool) -> Option<Self> {
        let goal = test.goals.iter().find(|(figure, _)| *figure == samples.figure);
        let goal = goal.map(|(_, goal)| *goal);
        let is_beside = matches!(
            samples.figure,
            Figure::P99 | Figure::Time | Figure::Switches | Figure::Faults
        );
        if goal.is_none() && is_beside {
            return None;
        }
        let ratios: Vec<f64> = samples.a.iter().zip(&samples.b).map(|(a, b)| b / a).collect();
        let (of_a, of_b) = (median(&samples.a)?, median(&samples.b)?);
        let ratio = interval(&ratios)?;
        Some(Self {
            test: test.name.to_owned(),
            unit: samples.figure.unit().to_owned(),
            a: test.a.to_owned(),
            b: test.b.to_owned(),
            of_a,
            of_b,
            ratio: ratio.median.is_finite().then_some(ratio.median),
            range: (ratios.len() > 1).then_some((ratio.low, ratio.high)),
            pairs: ratios.len() as u64,
            is_quick,
            errors: samples.errors,
            goal: goal.map(|goal| (goal.to_string(), goal.is_met(of_a, of_b, ratio.median))),
        })
    }

    fn json(&self) -> Value {
        json!({
            "kind": "row", "test": self.test, "unit": self.unit, "a": self.a, "b": self.b,
            "of_a": self.of_a, "of_b": self.of_b, "ratio": self.ratio,
            "range": self.range.map(|(low, high)| [low, high]),
            "pairs": self.pairs, "quick": self.is_quick, "errors": self.errors,
            "goal": self.goal.as_ref().map(|(goal, _)| goal),
            "met": self.goal.as_ref().map(|(_, met)| met),
        })
    }

    fn read(value: &Value) -> Option<Self> {
        let range = &value["range"];
        Some(Self {
            test: text(value, "test")?,
            unit: text(value, "unit")?,
            a: text(value, "a")?,
            b: text(value, "b")?,
            of_a: value["of_a"].as_f64()?,
            of_b: value["of_b"].as_f64()?,
            ratio: value["ratio"].as_f64(),
            range: range[0].as_f64().zip(range[1].as_f64()),
            pairs: value["pairs"].as_u64()?,
            is_quick: value["quick"].as_bool()?,
            errors: [value["errors"][0].as_u64()?, value["errors"][1].as_u64()?],
            goal: text(value, "goal").zip(value["met"].as_bool()),
        })
    }
}

impl Point {
    /// Its place on the axis.
    #[expect(clippy::cast_precision_loss, reason = "children and clients are few")]
    pub(crate) fn at(&self) -> f64 {
        self.x as f64
    }

    fn json(&self) -> Value {
        json!({
            "kind": "point", "chart": self.chart, "server": self.server, "x": self.x, "y": self.y,
            "quick": self.is_quick,
        })
    }

    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            chart: text(value, "chart")?,
            server: text(value, "server")?,
            x: value["x"].as_u64()?,
            y: value["y"].as_f64()?,
            is_quick: value["quick"].as_bool()?,
        })
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

impl Results {
    /// What earlier runs left; nothing where there was none.
    pub(crate) fn read(path: &Path) -> Self {
        let text_of = fs::read_to_string(path).unwrap_or_default();
        let mut results = Self::default();
        for value in text_of.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            match value["kind"].as_str() {
                Some("machine") => results.machine = text(&value, "is").unwrap_or_default(),
                Some("row") => results.rows.extend(Row::read(&value)),
                Some("point") => results.points.extend(Point::read(&value)),
                Some("left out") => {
                    results.left_out.extend(text(&value, "what").zip(text(&value, "why")));
                }
                _ => {}
            }
        }
        results
    }

    /// # Errors
    /// Where it could not be written.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut lines = vec![json!({"kind": "machine", "is": self.machine})];
        lines.extend(self.rows.iter().map(Row::json));
        lines.extend(self.points.iter().map(Point::json));
        let left_out = self.left_out.iter();
        lines.extend(
            left_out.map(|(what, why)| json!({"kind": "left out", "what": what, "why": why})),
        );
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        fs::write(path, lines.join("\n") + "\n")
    }

    /// What is known of this machine: a line for the whole is true of each row then. Tells whether there was
    /// anything else, which is forgotten.
    pub(crate) fn keep_of(&mut self, machine: String) -> bool {
        if self.machine == machine {
            return false;
        }
        let others = std::mem::replace(self, Self { machine, ..Self::default() });
        !others.rows.is_empty() || !others.points.is_empty()
    }

    /// The tests and charts that were measured by `--quick`.
    pub(crate) fn quick(&self) -> BTreeSet<&str> {
        let rows = self.rows.iter().filter(|row| row.is_quick).map(|row| row.test.as_str());
        let points = self.points.iter().filter(|point| point.is_quick);
        rows.chain(points.map(|point| point.chart.as_str())).collect()
    }

    /// Forgets what is known of a test or chart, before it is measured again.
    pub(crate) fn forget(&mut self, name: &str) {
        self.rows.retain(|row| row.test != name);
        self.points.retain(|point| point.chart != name);
        self.left_out.remove(name);
    }
}
