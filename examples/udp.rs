//! The time protocol of RFC 868 over TCP and UDP: the seconds since 1900, in four bytes.
//!
//! `printf x | nc -u -w1 127.0.0.1 20037 | od -An -tu4 --endian=big`

use std::time::{SystemTime, UNIX_EPOCH};

use netserver::prelude::*;

/// Seconds from 1900 to 1970.
const BEFORE_1970: u64 = 2_208_988_800;

struct Time;

/// Tells the time.
#[net_server(personality = "prefork", port = ["127.0.0.1:20037", "127.0.0.1:20037/udp"])]
impl Time {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        // A stream is asked by connecting, UDP by a packet, which may be empty.
        // Where a packet comes from may be a lie: two servers that answer every packet, and so each other, never
        // end. An answer is longer than a question may be.
        if conn.is_datagram() && conn.fill_buf()?.len() > 2 {
            return Ok(());
        }
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        let seconds = since_1970.as_secs() + BEFORE_1970;
        // The four bytes are enough until 2036, and begin anew then, as the protocol says.
        let [.., a, b, c, d] = seconds.to_be_bytes();
        conn.write_all(&[a, b, c, d])
    }
}

fn main() -> ExitCode {
    Time.run()
}
