//! Shell scripts that stand in for servers.

use netserver::testing::Program;

/// Functions that the scripts share.
///
/// `serve` announces a listener and lives until TERM, which it takes as a server should: it ends
/// its own child, reaps it, and leaves with 0. It is the child that announces: a shell shifts its
/// descriptors about to write a line, and tests look at those of the server.
const FUNCTIONS: &str = r#"
log() { echo "2026/11/22-23:18:04 script[$$] $1: $2" >&2; }
# A shell says of a child by which signal it ended, and that is no record.
reap() { wait $1 2>/dev/null; }
announce() { log notice 'Binding to TCP port 45123 on host 127.0.0.1 with IPv4'; }
serve() {
    trap 'kill $!; reap $!; exit 0' TERM
    { announce; exec sleep 60; } &
    while :; do wait $!; done
}
"#;

/// A shell that runs the script, with the functions above.
pub(crate) fn script(text: &str) -> Program {
    let text = format!("{FUNCTIONS}\n{text}");
    Program::new("/bin/sh").arg("-c").arg(text)
}
