//! A server with options of its own, declared by hand. The environment says in `OWN` which of
//! their declarations is meant: most are wrong.

use netserver::prelude::*;
use netserver::{Declaration, Declared, FromOptions, Hooks, NetServer, OptionSpec, OwnOptions};
use netserver::{Server, personality};
use netserver_options::kind::{Count, Kind, KindSpec};

const fn row(name: &'static str) -> OptionSpec {
    OptionSpec::own(name, "How large", "How large.", KindSpec::of::<Count>())
}

static GOOD: [OptionSpec; 1] = [row("size").default(&["3"]).range("1", "9")];
static BUILT_IN: [OptionSpec; 2] = [row("size"), row("port")];
static COMMAND: [OptionSpec; 1] = [row("print_config")];
static TWICE: [OptionSpec; 2] = [row("size"), row("size")];
static DEFAULT: [OptionSpec; 1] = [row("size").default(&["10"]).range("1", "9")];

struct Large {
    size: u32,
}

impl Declared for Large {
    type Personality = personality::Single;

    fn declaration() -> Declaration {
        let meant = std::env::var("OWN").unwrap_or_default();
        let own: &[OptionSpec] = match meant.as_str() {
            "built_in" => &BUILT_IN,
            "command" => &COMMAND,
            "twice" => &TWICE,
            "default" => &DEFAULT,
            _ => &GOOD,
        };
        Declaration::new("0.1.0", "Says its size.").own(own).set("port", 0)
    }
}

impl FromOptions for Large {
    fn from_options(options: &OwnOptions) -> Result<Self> {
        let even = |text: &str| match Count::parse(text)? {
            2 => Err(netserver::Reject::new("even is not odd enough")),
            size => Ok(size),
        };
        Ok(Self { size: options.one("size", even)? })
    }
}

impl Hooks for Large {}

impl NetServer for Large {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.size)
    }
}

fn main() -> ExitCode {
    Server::<Large>::from_options().run()
}
