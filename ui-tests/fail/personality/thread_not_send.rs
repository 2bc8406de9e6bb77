use std::rc::Rc;

use netserver::prelude::*;

#[derive(Clone)]
struct Echo {
    word: Rc<str>,
}

#[net_server(personality = "thread", port = 20203)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "{}", self.word)
    }
}

fn main() -> ExitCode {
    Echo { word: "hello".into() }.run()
}
