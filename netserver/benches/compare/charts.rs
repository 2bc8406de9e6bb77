//! Rate and memory against children and clients: which points, and how they are drawn.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::measure::{Effort, Place};
use crate::results::Point;
use crate::tools::Tools;

/// What a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    RateByClients,
    RateByChildren,
    MemoryByChildren,
    MemoryByClients,
}

/// A chart: servers, and where they are measured.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) name: &'static str,
    shows: Shows,
    x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) servers: &'static [&'static str],
    at: &'static [usize],
    /// Of these the few that show whether it works.
    quick: usize,
}

const POOLS: &[&str] =
    &["netserver prefork", "floor prefork", "Net::Server PreForkSimple", "Apache prefork"];

/// Every chart.
pub(crate) const ALL: &[Chart] = &[
    Chart {
        name: "rate by clients",
        shows: Shows::RateByClients,
        x: "clients at a time",
        y: "connections/s",
        servers: &[
            "netserver prefork",
            "netserver thread",
            "netserver multiplex",
            "netserver fork",
            "floor prefork",
            "Net::Server PreFork",
            "tokio current_thread",
            "std thread per connection",
        ],
        at: &[1, 16, 4, 64, 256],
        quick: 2,
    },
    Chart {
        name: "rate by children",
        shows: Shows::RateByChildren,
        x: "children",
        y: "connections/s",
        servers: POOLS,
        at: &[2, 16, 4, 8, 64, 256],
        quick: 2,
    },
    Chart {
        name: "memory by children",
        shows: Shows::MemoryByChildren,
        x: "children",
        y: "KiB of all processes",
        servers: POOLS,
        at: &[2, 16, 4, 8, 64, 256],
        quick: 2,
    },
    Chart {
        name: "memory by clients",
        shows: Shows::MemoryByClients,
        x: "silent clients",
        y: "KiB of all processes",
        servers: &[
            "netserver multiplex",
            "netserver thread",
            "netserver fork",
            "floor epoll",
            "tokio current_thread",
            "std thread per connection",
        ],
        at: &[10, 100, 300, 1000],
        quick: 2,
    },
];

/// What a point takes.
const LOADS: usize = 3;
/// Of a pool that is loaded for its rate by children or clients.
const CHILDREN: usize = 8;
const CLIENTS: usize = 16;

impl Chart {
    /// Measures every point that can be; hands on the others' reasons.
    pub(crate) fn measure(
        &self,
        tools: &Tools,
        is_quick: bool,
        effort: Effort,
    ) -> (Vec<Point>, Vec<String>) {
        let (mut points, mut reasons) = (Vec::new(), Vec::new());
        let effort = Effort { pairs: if is_quick { 1 } else { LOADS }, ..effort };
        let at = &self.at[..if is_quick { self.quick } else { self.at.len() }];
        for server in self.servers {
            for &x in at {
                match self.point(tools, server, x, effort) {
                    Ok(y) => points.push(self.of(server, (x, y), is_quick)),
                    Err(why) => {
                        reasons.push(why);
                        break;
                    }
                }
            }
        }
        (points, reasons)
    }

    fn of(&self, server: &str, (x, y): (usize, f64), is_quick: bool) -> Point {
        let (chart, server) = (self.name.to_owned(), server.to_owned());
        Point { chart, server, x: x as u64, y, is_quick }
    }

    fn point(
        &self,
        tools: &Tools,
        server: &'static str,
        x: usize,
        effort: Effort,
    ) -> Result<f64, String> {
        let place = |children, clients| Place { server, children, clients };
        match self.shows {
            Shows::RateByClients => place(CHILDREN, x).rate(tools, effort),
            Shows::RateByChildren => place(x, CLIENTS).rate(tools, effort),
            Shows::MemoryByChildren => place(x, CLIENTS).memory(tools, effort, 0),
            // A thread serves one client: there are as many.
            Shows::MemoryByClients => place(x, CLIENTS).memory(tools, effort, x),
        }
    }

    /// Draws its points, both axes in powers of ten.
    ///
    /// # Errors
    /// Where it could not be written.
    pub(crate) fn draw(&self, points: &[Point], folder: &Path) -> Result<(), Box<dyn Error>> {
        let points: Vec<&Point> = points.iter().filter(|point| point.chart == self.name).collect();
        let (Some(x), Some(y)) = (span(&points, Point::at), span(&points, |point| point.y)) else {
            return Ok(());
        };
        let path = folder.join(format!("{}.svg", self.name.replace(' ', "_")));
        let area = SVGBackend::new(&path, (900, 540)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.name, ("sans-serif", 22))
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(80)
            .build_cartesian_2d((x.0..x.1 * ROOM).log_scale(), (y.0..y.1).log_scale())?;
        let mut mesh = chart.configure_mesh();
        mesh.x_label_formatter(&whole).y_label_formatter(&whole).light_line_style(WHITE);
        mesh.x_desc(self.x).y_desc(self.y).draw()?;
        for (place, server) in self.servers.iter().enumerate() {
            let mut line: Vec<(f64, f64)> = points
                .iter()
                .filter(|point| point.server == *server)
                .map(|p| (p.at(), p.y))
                .collect();
            line.sort_by(|one, other| one.0.total_cmp(&other.0));
            let style = Palette99::pick(place).stroke_width(2);
            chart
                .draw_series(LineSeries::new(line, style).point_size(3))?
                .label(*server)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
        }
        let place = SeriesLabelPosition::MiddleRight;
        let labels = chart
            .configure_series_labels()
            .position(place)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw();
        labels?;
        area.present()?;
        Ok(())
    }
}

/// Beside the last points, for the names.
const ROOM: f64 = 8.0;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as the chart hands it on")]
fn whole(value: &f64) -> String {
    format!("{value:.0}")
}

/// The least and the greatest, with a little room.
fn span(points: &[&Point], of: fn(&Point) -> f64) -> Option<(f64, f64)> {
    let values = || points.iter().map(|point| of(point));
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    Some((low / 1.3, high * 1.3))
}
