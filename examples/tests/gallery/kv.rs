//! The store, asked by the programs of Redis.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use netserver::testing::{Client, Server, tool};

use super::example;

fn start() -> Server {
    Server::start(example("kv"), &["--port=127.0.0.1:0", "--log_level=3"])
}

/// What `redis-cli` prints of that command, or of those in its input.
fn cli(path: &Path, server: &Server, words: &[&str], input: &[u8]) -> String {
    let mut cli = Command::new(path)
        .args(["-p", &server.address().port().to_string()])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // With words it does not read, and may be gone.
    let _ = cli.stdin.take().unwrap().write_all(input);
    let output = cli.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn kv_answers_redis_cli() {
    let Some(path) = tool("redis-cli") else { return };
    let server = start();
    let cli = |words: &[&str]| cli(&path, &server, words, b"");
    for (words, answer) in [
        (&["ping"][..], "PONG\n"),
        (&["echo", "two words"], "two words\n"),
        (&["get", "greeting"], "\n"),
        (&["set", "greeting", "hello\r\nworld"], "OK\n"),
        (&["GET", "greeting"], "hello\r\nworld\n"),
        (&["incr", "visits"], "1\n"),
        (&["incr", "visits"], "2\n"),
        (&["incr", "greeting"], "ERR value is not an integer or out of range\n\n"),
        (&["set", "most", "9223372036854775807"], "OK\n"),
        (&["incr", "most"], "ERR value is not an integer or out of range\n\n"),
        (&["get", "most"], "9223372036854775807\n"),
        (&["exists", "visits", "visits", "nothing"], "2\n"),
        (&["keys", "*"], "greeting\nmost\nvisits\n"),
        (&["del", "visits", "most", "nothing"], "2\n"),
        (&["keys", "*"], "greeting\n"),
        (&["set", "empty", ""], "OK\n"),
        (&["get", "empty"], "\n"),
        (&["get"], "ERR unknown command, or wrong number of arguments\n\n"),
        (&["flushall"], "ERR unknown command, or wrong number of arguments\n\n"),
    ] {
        assert_eq!(cli(words), answer, "{words:?}");
    }
    server.stop();
}

#[test]
fn kv_takes_a_pipe_of_commands() {
    let Some(path) = tool("redis-cli") else { return };
    let server = start();
    let commands: Vec<String> = (0..10_000).map(|at| format!("SET key{at} {at}\r\n")).collect();
    let commands = commands.concat();
    let report = cli(&path, &server, &["--pipe"], commands.as_bytes());
    assert!(report.contains("errors: 0, replies: 10000"), "{report}");
    assert_eq!(cli(&path, &server, &["get", "key9999"], b""), "9999\n");
    // Of the binary kind, and longer than what is read at once.
    let long = "x".repeat(200_000);
    assert_eq!(cli(&path, &server, &["-x", "set", "long"], long.as_bytes()), "OK\n");
    assert_eq!(cli(&path, &server, &["get", "long"], b""), format!("{long}\n"));
    server.stop();
}

#[test]
fn kv_is_measured_by_redis_benchmark() {
    let options = ["-t", "set,get,incr", "-P", "16", "-c", "20", "-n", "6400", "-q"];
    let Some(path) = tool("redis-benchmark") else { return };
    let server = start();
    let port = server.address().port().to_string();
    let output = Command::new(path).args(["-p", &port]).args(options).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    for test in ["SET: ", "GET: ", "INCR: "] {
        assert!(report.contains(test), "{report}");
    }
    assert!(output.status.success(), "{output:?}");
    let mut client = Client::connect(server.address());
    client.send("GET counter:__rand_int__\r\n");
    assert_eq!([client.line(), client.line()], ["$4", "6400"], "each once");
    drop(client);
    server.stop();
}

#[test]
fn kv_waits_for_a_whole_command_and_ends_what_is_none() {
    let server = start();
    let mut client = Client::connect(server.address());
    // Byte by byte, and a word that holds a line end.
    for byte in
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n1\r\n2\r\nping\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
    {
        client.send([*byte]);
    }
    for line in ["+OK", "+PONG", "$4", "1", "2"] {
        assert_eq!(client.line(), line);
    }
    // Nothing may follow where there would be more to read again each time than there may be.
    let long = "x".repeat(4096);
    let number = format!("*1\r\n${}", "1".repeat(4096));
    let broken = ["*1\r\n#4\r\nPING\r\n", "*x\r\n", "*-1\r\n", "*1\r\n$1\r\nPING\r\n", "*1025\r\n"];
    for broken in broken.into_iter().chain([&long[..], &number]) {
        let mut client = Client::connect(server.address());
        client.send(["PING\r\n", broken].concat());
        let answer = String::from_utf8(client.rest()).unwrap();
        assert!(answer.starts_with("+PONG\r\n-ERR "), "{broken:?}: {answer:?}");
    }
    client.send("PING\r\n");
    assert_eq!(client.line(), "+PONG", "others do not notice");
    drop(client);
    for piece in ["expected", "no line end"] {
        server.allow_log(piece);
    }
    server.allow_log("behind a word");
    server.stop();
}

#[test]
fn kv_takes_any_bytes_for_a_word_and_as_many_words_as_there_may_be() {
    let server = start();
    let mut client = Client::connect(server.address());
    // Text would be the same for both.
    client.send(b"SET \xff\xfe 1\r\nSET \xfe\xff 2\r\nGET \xff\xfe\r\nKEYS *\r\n");
    for line in ["+OK", "+OK", "$1", "1", "*2"] {
        assert_eq!(client.line(), line);
    }
    drop(client);
    let mut client = Client::connect(server.address());
    client.send(format!("*1024\r\n$3\r\nDEL\r\n{}", "$1\r\na\r\n".repeat(1023)));
    assert_eq!(client.line(), ":0");
    drop(client);
    server.stop();
}

#[test]
fn kv_ends_its_clients_with_its_store() {
    let words = ["--port=127.0.0.1:0", "--log_level=3", "--graceful_timeout=600"];
    let server = Server::start(example("kv"), &words);
    let mut client = Client::connect(server.address());
    client.send("SET a 1\r\n");
    assert_eq!(client.line(), "+OK");
    server.stop();
    assert!(client.rest().is_empty());
}
