use std::fmt::Display;

use netserver::prelude::*;

struct Greeter<'a, T: Display, const TIMES: usize> {
    greeting: &'a T,
}

#[net_server(personality = "prefork", port = 20203)]
impl<'a, T, const TIMES: usize> Greeter<'a, T, TIMES>
where
    T: Display,
{
    fn child_init_hook(&mut self) -> Result<()> {
        Ok(())
    }

    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        for _ in 0..TIMES {
            writeln!(conn, "{}", self.greeting)?;
        }
        Ok(())
    }
}

fn main() {
    let _ = || Greeter::<'_, _, 3> { greeting: &"hello" }.run();
}
