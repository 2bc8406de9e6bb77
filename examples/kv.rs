//! A store that speaks a part of the protocol of Redis, one process for all clients.
//!
//! `redis-cli -p 20216 incr visits`, or `redis-benchmark -p 20216 -t set,get,incr -P 16 -q`.

mod resp;

use std::collections::BTreeMap;

use netserver::prelude::*;
use resp::{Word, bulk, list, read_command};

#[derive(Default)]
struct Store {
    values: BTreeMap<Word, Word>,
}

/// Keeps values by their keys, in memory.
#[net_server(
    personality = "multiplex",
    port = "127.0.0.1:20216",
    read_timeout = 0,
    max_line = "1M",
    max_unsent = "16M"
)]
impl Store {
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
        // What is not whole is not taken: it comes again, with more behind it.
        while let Some((command, length)) = read_command(input.as_bytes())
            .inspect_err(|err| mux.write(format!("-ERR {err}\r\n")))?
        {
            if let [name, arguments @ ..] = &command[..] {
                mux.write(self.obey(&name.to_ascii_uppercase(), arguments));
                mux.write("\r\n");
            }
            input.consume(length);
        }
        Ok(())
    }

    /// What is stored ends with this process, so nobody stays with it.
    fn mux_stopping(&mut self, mux: &mut Mux<'_>) {
        mux.close();
    }

    fn obey(&mut self, name: &[u8], arguments: &[&[u8]]) -> Word {
        match (name, arguments) {
            (b"PING", []) => "+PONG".into(),
            (b"PING" | b"ECHO", [word]) => bulk(word),
            (b"GET", [key]) => self.values.get(*key).map_or("$-1".into(), bulk),
            (b"SET", [key, value]) => {
                self.values.insert(key.to_vec(), value.to_vec());
                "+OK".into()
            }
            (b"INCR", [key]) => self.increment(key),
            (b"DEL", keys) => count(keys, |key| self.values.remove(*key).is_some()),
            (b"EXISTS", keys) => count(keys, |key| self.values.contains_key(*key)),
            (b"KEYS", [b"*"]) => list(self.values.keys()),
            _ => "-ERR unknown command, or wrong number of arguments".into(),
        }
    }

    fn increment(&mut self, key: &[u8]) -> Word {
        let value = self.values.entry(key.to_vec()).or_insert("0".into());
        let number = str::from_utf8(value).ok().and_then(|value| value.parse::<i64>().ok());
        let Some(next) = number.and_then(|number| number.checked_add(1)) else {
            return "-ERR value is not an integer or out of range".into();
        };
        *value = next.to_string().into();
        format!(":{next}").into()
    }
}

fn count(keys: &[&[u8]], mut counts: impl FnMut(&&[u8]) -> bool) -> Word {
    format!(":{}", keys.iter().filter(|key| counts(key)).count()).into()
}

fn main() -> ExitCode {
    Store::default().run()
}
