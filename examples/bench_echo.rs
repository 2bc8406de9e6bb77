//! What benchmarks drive: one line, the same line back, and the end; or the same until the client ends.
//! By hand `echo hello | nc -N localhost 20203`.

use std::str::FromStr;

use netserver::prelude::*;

/// How long a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Line,
    Keep,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text {
            "line" => Ok(Self::Line),
            "keep" => Ok(Self::Keep),
            _ => Err("expected line or keep"),
        }
    }
}

/// Repeats a line.
#[derive(Clone)]
#[net_server(
    personality = ["prefork", "prefork_simple", "fork", "single", "thread", "multiplex"],
    port = 20203,
    log_level = 1
)]
struct BenchEcho {
    /// How long a connection goes on: for one `line`, or `keep` until the client ends it.
    #[option(default = "line")]
    mode: Mode,
}

#[net_server]
impl BenchEcho {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        while let Some(mut line) = conn.next_line_bytes()? {
            line.push(b'\n');
            conn.write_all(&line)?;
            if self.mode == Mode::Line {
                break;
            }
        }
        Ok(())
    }

    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        while let Some(mut line) = input.take_line_bytes() {
            line.push(b'\n');
            mux.write(&line);
            if self.mode == Mode::Line {
                mux.close();
                break;
            }
        }
    }

    /// A last line without an end.
    fn mux_eof(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) {
        if !input.is_empty() {
            mux.write(input.take_all());
            mux.write(b"\n");
        }
    }
}

fn main() -> ExitCode {
    BenchEcho::run()
}
