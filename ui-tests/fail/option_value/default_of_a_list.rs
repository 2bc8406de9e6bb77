use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {
    English,
    German,
}

#[net_server(personality = "prefork", port = 7000)]
struct Greeter {
    #[option(default = ["english", "frensh"])]
    language: Vec<Language>,
}

#[net_server]
impl Greeter {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Greeter::run()
}
