//! Two servers, one after the other in one process, and then neither.

use netserver::prelude::*;

#[derive(Clone)]
struct Turn(u32);

#[net_server(personality = ["prefork", "thread"], port = 0)]
impl Turn {
    fn pre_loop_hook(&mut self) -> Result<()> {
        if std::env::var_os("AT_ONCE").is_some() && self.0 == 1 {
            let another = std::thread::spawn(|| Turn(2).run());
            let code = another.join().map_err(|_| "it panicked")?;
            assert_eq!(code, ExitCode::FAILURE);
            return Err("told to end".into());
        }
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        let line = conn.next_line()?.unwrap_or_default();
        writeln!(conn, "{} {line}", self.0)
    }
}

fn main() -> ExitCode {
    let first = Turn(1).run();
    if first != ExitCode::SUCCESS {
        return first;
    }
    Turn(2).run();
    log::info!("no server any more");
    loop {
        std::thread::park();
    }
}
