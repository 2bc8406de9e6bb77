//! Ends its start with what the command line left to it: all that is no option.

use netserver::prelude::*;

struct Rest;

#[net_server(port = 0, unknown_options = "pass")]
impl Rest {
    fn post_configure_hook(&mut self, server: &ServerInfo) -> Result<()> {
        let words: Vec<_> = server.args().iter().map(|word| word.to_string_lossy()).collect();
        Err(format!("left: {}", words.join(" ")).into())
    }

    fn process_request(&mut self) {}
}

fn main() -> ExitCode {
    Rest.run()
}
