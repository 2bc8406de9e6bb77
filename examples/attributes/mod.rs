//! What `policy` reads from Postfix: requests, each of attributes up to an empty line.

use std::collections::HashMap;

use netserver::prelude::*;

/// The most bytes of a request; of Postfix's thirty attributes only a few may be long.
const MOST: usize = 16 * 1024;

/// The attributes of a request by their names; `None` at the end of the connection.
///
/// # Errors
/// Where it is none, or ends in its midst.
pub(crate) fn read_request(conn: &mut Connection) -> io::Result<Option<HashMap<String, String>>> {
    let mut request = HashMap::new();
    let mut length = 0;
    while let Some(line) = conn.next_line_bytes()? {
        if line.is_empty() {
            return Ok(Some(request));
        }
        length += line.len();
        if length > MOST {
            return Err(io::Error::other(format!("a request of more than {MOST} bytes")));
        }
        // A sender may be any bytes, and one that is no text gets an answer, too.
        let line = String::from_utf8_lossy(&line);
        // A value may hold a `=` of its own.
        let (name, value) = line.split_once('=').ok_or_else(|| broken(&line))?;
        request.insert(name.to_owned(), value.to_owned());
    }
    if request.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn broken(line: &str) -> io::Error {
    io::Error::other(format!("expected NAME=VALUE, got {line:?}"))
}
