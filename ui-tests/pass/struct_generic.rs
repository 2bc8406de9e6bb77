use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use netserver::prelude::*;

/// Answers with what it was given.
#[net_server(personality = "prefork", port = 7000)]
#[derive(Debug)]
struct Parrot<T: Debug, const TIMES: usize>
where
    T: FromStr + Display,
    T::Err: Display,
{
    /// What to say.
    #[option(required)]
    word: T,
    /// What to say then.
    #[option]
    more: Vec<T>,
    /// What to say at last.
    #[option]
    last: Option<T>,
    kind: PhantomData<T>,
}

#[net_server]
impl<T, const TIMES: usize> Parrot<T, TIMES>
where
    T: FromStr + Display + Debug,
    T::Err: Display,
{
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        for _ in 0..TIMES {
            writeln!(conn, "{} {:?} {:?}", self.word, self.more, self.last)?;
        }
        Ok(())
    }
}

fn main() {
    let _ = || Parrot::<u64, 3>::run();
    let _ = || Parrot::<String, 1>::server().set("word", "hello").run();
}
