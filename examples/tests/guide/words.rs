//! The words that a line of the guide gives to a server, in whichever file or shell it stands.

/// What begins something else, which is not the server's.
const ENDS: [&str; 6] = ["&&", "&", "|", ">", "#", "nofork"];

/// The options of each server that the line starts: those behind `/echo`, or behind `--example NAME --`,
/// or in the `args` of a container. Commands that print are left out, as the test has one of its own.
pub(crate) fn of_servers(line: &str) -> Vec<Vec<String>> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '[' | ']'))
        .map(|word| word.trim_end_matches(','))
        .filter(|word| !word.is_empty())
        .collect();
    let is_server = |at: usize| {
        let word = words[at];
        let of_cargo = at > 0 && words[at - 1] == "--example";
        word.ends_with("/echo") && !word.contains('=')
            || word.ends_with("=/usr/local/bin/echo")
            || of_cargo
            || word == "args:"
    };
    (0..words.len())
        .filter(|at| is_server(*at))
        .map(|at| {
            let own = words[at + 1..]
                .iter()
                .take_while(|word| !ENDS.iter().any(|end| word.starts_with(end)));
            own.filter(|word| word.len() > 2 && word.starts_with("--"))
                .filter(|word| !["--print-unit", "--print-config", "--check"].contains(word))
                .map(|word| (*word).to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn words_of_servers_are_found_wherever_they_stand() {
    for (line, words) in [
        (
            "$ ./echo --background --pid_file=/run/echo.pid && echo --it serves",
            "--background --pid_file=/run/echo.pid",
        ),
        ("$ cargo run --example echo -- --server_type=fork # --not this", "--server_type=fork"),
        (
            "20203 stream tcp nowait nobody /usr/local/bin/echo echo --server_type=inet",
            "--server_type=inet",
        ),
        ("ExecStart=/usr/local/bin/echo --server_type=inet", "--server_type=inet"),
        ("      args: [\"--port=8080\", \"--drain_delay=10s\"]", "--port=8080 --drain_delay=10s"),
        ("$ /usr/local/bin/echo --port=80 --print-unit >/etc/echo.service", "--port=80"),
    ] {
        let found: Vec<String> = of_servers(line).iter().map(|words| words.join(" ")).collect();
        assert_eq!(found, [words], "{line}");
    }
    assert!(of_servers("echo hello").is_empty());
}
