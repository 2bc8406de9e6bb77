//! The bug that is contained.

use std::path::Path;

use netserver::testing::{Server, tool};

use super::terminal::Terminal;
use super::{example, said};

#[test]
fn sandboxed_loses_who_crashed_it_and_nobody_else() {
    let Some(nc) = tool("nc") else { return };
    let server = Server::start(example("sandboxed"), &["--port=127.0.0.1:0"]);
    server.expect_log("was killed by SIGSEGV");
    server.expect_log("crashed by now");
    let mut others = ["one", "two"].map(|name| Terminal::open(&nc, server.address(), name));
    for other in &mut others {
        other.types("5 hello");
        assert_eq!(other.reads(), "hello");
    }
    let port = server.address().port().to_string();
    let crash = || {
        let input = "3 yes\n99999999 no\n3 yes\n";
        said("nc", &["-N", "127.0.0.1", &port], Path::new("/"), input).unwrap()
    };
    for count in 1..=2 {
        // What it had earned before is lost with its process, too, or was sent by then.
        let answer = crash();
        assert!(["", "yes\n"].contains(&answer.as_str()), "{answer:?}");
        server.wait_for_log(&format!("{count} crashed by now"));
        for other in &mut others {
            other.types("4 still");
            assert_eq!(other.reads(), "stil");
        }
    }
    for other in &mut others {
        other.types("what");
        assert_eq!(other.reads(), "LENGTH WORD, please");
    }
    drop(others);
    server.stop();
}
