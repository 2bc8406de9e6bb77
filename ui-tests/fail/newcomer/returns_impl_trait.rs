use netserver::prelude::*;

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, _: &mut Connection) -> impl std::fmt::Display {
        "hello"
    }
}

fn main() -> ExitCode {
    Echo.run()
}
