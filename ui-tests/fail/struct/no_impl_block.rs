use netserver::prelude::*;

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option(default = "hello")]
    greeting: String,
}

fn main() -> ExitCode {
    Greeter::run()
}
