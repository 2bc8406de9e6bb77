use netserver::prelude::*;

struct App;

impl App {
    fn serve(&self) -> io::Result<()> {
        Ok(())
    }
}

struct State<T>(T);

struct Echo;

#[net_server(personality = "prefork", port = 7000)]
impl Echo {
    fn process_request(&mut self, State(app): State<App>) -> io::Result<()> {
        app.serve()
    }
}

fn main() -> ExitCode {
    Echo.run()
}
