use netserver::prelude::*;

struct Echo;

#[net_server(port = 20203)]
impl Echo {
    fn configure_hook(&mut self, options: &mut OptionSet) -> Result<()> {
        options.set("port", 0)?;
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        writeln!(conn, "hello")
    }
}

fn main() -> ExitCode {
    Echo.run()
}
