//! Sets `listen` and `host` from the sources that the environment names in `SOURCES`, so that a
//! test can let any two of them compete. What the hooks see is logged.

use netserver::prelude::*;
use netserver::{Server, Texts};

/// The value of a source: a number of its own, and two addresses made from it.
fn listen(source: u8) -> u32 {
    100 + u32::from(source)
}

fn hosts(source: u8) -> [String; 2] {
    [format!("127.0.0.{source}"), format!("127.0.1.{source}")]
}

const OBJECT: u8 = 1;
const RUN_ARGUMENTS: u8 = 3;
const CONFIGURE_HOOK: u8 = 5;

fn is_asked_for(source: &str) -> bool {
    let sources = std::env::var("SOURCES").unwrap_or_default();
    sources.split(',').any(|one| one == source)
}

fn see(server: &ServerInfo) {
    let options = server.options();
    let hosts: Vec<String> = options.host().iter().map(ToString::to_string).collect();
    log::info!("hook sees listen={} host={}", options.listen(), hosts.join(","));
}

fn set_early(options: &mut OptionSet) -> Result<()> {
    if is_asked_for("configure_hook") {
        options.set("listen", listen(CONFIGURE_HOOK))?;
        options.set("host", hosts(CONFIGURE_HOOK))?;
    }
    Ok(())
}

struct WithAttribute;

#[net_server(port = [0, 0], listen = 106, host = ["127.0.0.6", "127.0.1.6"])]
impl WithAttribute {
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        set_early(options)
    }

    fn post_configure_hook(&mut self, server: &ServerInfo) {
        see(server);
    }

    fn process_request(&mut self) {}
}

struct WithoutAttribute;

#[net_server(port = [0, 0])]
impl WithoutAttribute {
    fn configure_hook(options: &mut OptionSet) -> Result<()> {
        set_early(options)
    }

    fn post_configure_hook(&mut self, server: &ServerInfo) {
        see(server);
    }

    fn process_request(&mut self) {}
}

fn run<S>(server: S) -> ExitCode
where
    S: netserver::Declared + netserver::Hooks,
    S::Personality: netserver::personality::Personality<S>,
{
    let mut server = Server::new(server);
    if is_asked_for("object") {
        server = server.set("listen", listen(OBJECT)).set("host", hosts(OBJECT));
    }
    if is_asked_for("missing_conf") {
        server = server.set("conf_file", "/nowhere/x.conf");
    }
    let mut arguments: Vec<(&str, Texts)> = Vec::new();
    if is_asked_for("run_arguments") {
        arguments.push(("listen", listen(RUN_ARGUMENTS).into()));
        arguments.push(("host", hosts(RUN_ARGUMENTS).into()));
    }
    server.run_with(arguments)
}

fn main() -> ExitCode {
    if is_asked_for("attribute") { run(WithAttribute) } else { run(WithoutAttribute) }
}
