//! The hook that sees each record.

use netserver::testing::Client;

use super::program;

#[test]
fn it_keeps_what_it_wants_and_where_it_fails_the_record_is_written() {
    for personality in super::PERSONALITIES {
        let server = program!("log_hook").arg(format!("--server_type={personality}")).start();
        let mut client = Client::connect(server.address());
        client.send("mine is this\nfail here\npanic there\nplain\n");
        client.half_close();
        assert_eq!(client.line(), "logged");
        server.expect_log("warning: mine seen at 2: mine is this");
        server.expect_log("warning: write_to_log_hook failed: told to fail");
        server.expect_log("warning: write_to_log_hook panicked at tests/src/bin/log_hook.rs:");
        let log = server.stop().log;
        let written = |text: &str| log.iter().any(|line| line.ends_with(text));
        for text in ["notice: fail here", "notice: panic there", "notice: plain"] {
            assert!(written(text), "{text}: {log:?}");
        }
        assert!(!written("notice: mine is this"), "{log:?}");
    }
}
