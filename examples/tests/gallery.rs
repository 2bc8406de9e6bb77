//! Every example, driven by a real client.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use netserver::testing::{
    Client, Program, Server, scratch, tool, tool_with, verify_reload, wait_until,
};

#[path = "gallery/chat.rs"]
mod chat;
#[path = "gallery/from_perl.rs"]
mod from_perl;
#[path = "gallery/kv.rs"]
mod kv;
#[path = "gallery/policy.rs"]
mod policy;
#[path = "gallery/sandboxed.rs"]
mod sandboxed;
#[path = "gallery/services.rs"]
mod services;
#[path = "gallery/smtp_sink.rs"]
mod smtp_sink;
#[path = "gallery/table.rs"]
mod table;
#[path = "gallery/terminal.rs"]
mod terminal;

/// The example of that name, which cargo builds beside this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: run `cargo test --workspace`", path.display());
    path
}

/// The folder of the examples: where cargo says that it is now, as a test that was built in a copy of it may
/// be taken for this one.
fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

#[test]
fn echo_answers_nc() {
    let Some(nc) = tool("nc") else { return };
    let server = Server::start(example("echo"), &["--port=127.0.0.1:0"]);
    let port = server.address().port().to_string();
    let mut nc = Command::new(nc)
        .args(["-q1", "127.0.0.1", &port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    nc.stdin.take().unwrap().write_all(b"hello\r\n").unwrap();
    let output = nc.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "You said \"hello\"\n");
    server.stop();
}

#[test]
fn echo_answers_line_by_line() {
    let server = Server::start(example("echo"), &["--port=127.0.0.1:0"]);
    let mut client = Client::connect(server.address());
    for line in ["one", "two", ""] {
        client.send(format!("{line}\n"));
        assert_eq!(client.line(), format!("You said \"{line}\""));
    }
    client.send("no end");
    client.half_close();
    assert_eq!(client.rest(), b"You said \"no end\"\n");
    server.stop();
}

#[test]
fn daemon_goes_to_the_background_and_is_root_no_more() {
    // Who is not root has nothing to give up.
    if tool_with("setpriv", &["--reuid=65534", "--clear-groups", "true"]).is_none() {
        return;
    }
    let folder = scratch();
    let conf = self::folder().join("daemon.conf");
    let at = |option: &str, file: &str| format!("--{option}={}", folder.join(file).display());
    // What is given here is stronger than the file.
    Program::new(example("daemon"))
        .arg(format!("--conf_file={}", conf.display()))
        .args([
            "--port=127.0.0.1:0",
            &at("pid_file", "pid"),
            &at("log_file", "log"),
            &at("port_file", "port"),
        ])
        .run()
        .expect_code(0);
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let mut client =
        Client::connect(read("port").trim_end().trim_end_matches("/tcp").parse().unwrap());
    let said = String::from_utf8(client.rest()).unwrap();
    assert!(said.starts_with("visitor 1\n") && said.contains("nobody here may open it"), "{said}");
    assert!(read("log").contains("info: visitor 1 of this child"), "{}", read("log"));
    assert!(Command::new("kill").arg(read("pid").trim_end()).status().unwrap().success());
    wait_until("its pid file says that it is gone", || read("pid").is_empty());
    assert!(read("log").contains("notice: server closing"), "{}", read("log"));
}

#[test]
fn custom_options_has_options_of_its_own() {
    let arguments = ["--port=127.0.0.1:0", "--language=de", "--language=en", "--loud"];
    let server = Server::start(example("custom_options"), &arguments);
    let mut client = Client::connect(server.address());
    client.send("Ada\n");
    assert_eq!(client.rest(), b"GUTEN TAG ADA, VISITOR 1\nHELLO ADA, VISITOR 1\n");
    server.stop();
}

#[test]
fn custom_options_shows_its_options_and_holds_them() {
    let answer = |argument: &str| Program::new(example("custom_options")).arg(argument).run();
    let help = answer("--help").expect_code(0).stdout;
    for line in [
        "Greets each visitor.\n",
        "\nOptions of its own:\n",
        "  --open DURATION               How long after the start visitors are greeted",
        "[default: 1d]",
        "  -g, --greeting TEXT           What to say, instead of what the language says\n",
        "  --language NAME               Languages to greet in, in this order; may repeat: en, de (As in\n",
        "  --token TEXT                  What a visitor has to say first [secret; @FILE reads a file]\n",
        "In the environment max_servers is GREETER_MAX_SERVERS",
    ] {
        assert!(help.contains(line), "{line}: {help}");
    }
    let config = answer("--print-config").expect_code(0).stdout;
    assert!(config.contains("\nlanguage = en"), "{config}");
    assert!(!config.contains("greeting ="), "nobody set it: {config}");
    for (argument, said) in [
        ("--open=366d", "custom_options: --open: expected 1s to 365d, got 366d"),
        ("--language=fr", "custom_options: --language: expected `en` or `de`, got fr"),
        ("--lod", "custom_options: --lod: unknown option"),
    ] {
        let refused = answer(argument).expect_code(2);
        assert!(refused.stderr().starts_with(said), "{}", refused.stderr());
    }
}

#[test]
fn custom_options_takes_letters_and_the_environment_and_keeps_a_secret() {
    let folder = scratch();
    let file = folder.write("token", "hunter2\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let token = format!("--token=@{}", file.display());
    let program = Program::new(example("custom_options")).env("GREETER_LANGUAGE", "de\nen");
    let server = program.args(["--port=127.0.0.1:0", "-lg", "hi", token.as_str()]).start();
    let ask = |said: &str| {
        let mut client = Client::connect(server.address());
        client.send(said);
        String::from_utf8(client.rest()).unwrap()
    };
    let twice = "HI ADA, VISITOR ";
    let greeted = ask("hunter2\nAda\n");
    assert_eq!(greeted.matches(twice).count(), 2, "{greeted}");
    assert_eq!(ask("hunter3\nAda\n"), "who are you?\n");
    server.stop();
}

#[test]
fn reported_says_how_busy_it_is() {
    let server = Server::start(example("reported"), &["--port=127.0.0.1:0", "--max_servers=5"]);
    server.wait_for_log("notice: 0 busy, 5 idle, at most 5");
    let mut client = Client::connect(server.address());
    client.send("hello\n");
    assert_eq!(client.line(), "HELLO");
    server.wait_for_log("notice: 1 busy, 4 idle, at most 5");
    drop(client);
    server.stop();
}

#[test]
fn few_serves_a_few_and_ends() {
    let server = Server::start(example("few"), &["--port=127.0.0.1:0"]);
    for number in 1..=3 {
        let reply = Client::connect(server.address()).rest();
        assert_eq!(String::from_utf8(reply).unwrap(), format!("ticket {number}\n"));
    }
    let finished = server.wait();
    assert_eq!(finished.code(), Some(0));
    assert!(finished.stderr().contains("3 tickets handed out"), "{}", finished.stderr());
}

#[test]
fn hooks_says_each_of_them_in_order() {
    let server = Server::start(example("hooks"), &["--port=127.0.0.1:0"]);
    assert_eq!(Client::connect(server.address()).rest(), b"hello\n");
    // The client is through before its server is.
    server.wait_for_log("post_client_connection_hook");
    let finished = server.stop();
    let log = finished.stderr();
    let mut rest = log.as_str();
    for said in [
        "post_configure_hook: read_timeout is 60s",
        "post_bind_hook: 1 listeners are bound",
        "pre_loop_hook: ",
        "pre_fork_hook: ",
        "child_init_hook: ",
        "post_accept_hook: here is 127.0.0.1:",
        "allow_deny_hook: ",
        "process_request: ",
        "post_process_request_hook: still connected, and allowed: true",
        "post_client_connection_hook: ",
        "pre_server_close_hook: ",
        "child_finish_hook: ",
        "post_child_cleanup_hook: ",
    ] {
        let Some(at) = rest.find(said) else { panic!("no {said}: {log}") };
        rest = &rest[at + said.len()..];
    }
}

#[test]
fn fork_plays_with_each_client_alone() {
    let server = Server::start(example("fork"), &["--port=127.0.0.1:0"]);
    let clients = [(); 2].map(|()| Client::connect(server.address()));
    for mut client in clients {
        client.line();
        client.send("what\n");
        assert_eq!(client.line(), "That is no number.");
        let (mut low, mut high, mut tries) = (1, 100, 0);
        loop {
            assert!(low <= high, "it changed its mind");
            let guess = i32::midpoint(low, high);
            tries += 1;
            client.send(format!("{guess}\n"));
            match client.line().as_str() {
                "Higher." => low = guess + 1,
                "Lower." => high = guess - 1,
                said => {
                    assert_eq!(said, format!("Right, in {tries} tries."));
                    break;
                }
            }
        }
        assert_eq!(client.rest(), b"");
    }
    server.wait_until("the children are gone", || server.children().is_empty());
    server.stop();
}

#[test]
fn prefork_hooks_closes_what_each_child_opened() {
    let folder = netserver::testing::scratch();
    let server = Program::new(example("prefork_hooks"))
        .args(["--port=127.0.0.1:0", "--max_servers=2"])
        .arg(format!("--folder={}", folder.path().display()))
        .start();
    // Both are kept busy, so that each has a client.
    let mut clients = [(); 2].map(|()| Client::connect(server.address()));
    for client in &mut clients {
        client.send("hello\n");
        assert_eq!(client.line(), "noted");
    }
    drop(clients);
    server.stop();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let journals: Vec<String> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(journals, ["hello\n1 lines\n"; 2]);
}

#[test]
fn inetd_serves_a_pipe() {
    let folder = netserver::testing::scratch();
    let input = folder.write("input", "one two\nthree\n");
    let input = std::fs::File::open(input).unwrap();
    let finished = Program::new(example("inetd")).stream(0, input).run().expect_code(0);
    assert_eq!(finished.stdout, "2 lines, 3 words\n");
    assert_eq!(finished.stderr(), "");
}

#[test]
fn inetd_serves_a_socket() {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(netserver::testing::DEADLINE)).unwrap();
    let socket = || std::os::fd::OwnedFd::from(listener.accept().unwrap().0);
    client.write_all(b"one two\n.\n").unwrap();
    let program = Program::new(example("inetd"));
    let socket = socket();
    program.stream(1, socket.try_clone().unwrap()).stream(0, socket).run().expect_code(0);
    let mut reply = String::new();
    client.read_to_string(&mut reply).unwrap();
    assert_eq!(reply, "1 lines, 2 words\n");
}

#[test]
fn inetd_is_started_by_socat() {
    let Some(socat) = tool("socat") else { return };
    let path = example("inetd");
    let mut socat = Command::new(socat)
        .args(["-t5", "-", &format!("EXEC:{}", path.display())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    socat.stdin.take().unwrap().write_all(b"one two\nthree\n.\n").unwrap();
    let output = socat.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "2 lines, 3 words\n");
}

#[test]
fn job_queue_works_jobs_off() {
    let folder = netserver::testing::scratch();
    // What a crash has left: a job that nobody has done, and one that was not written to its end.
    std::fs::create_dir(folder.join("jobs")).unwrap();
    folder.write("jobs/00000000000000000001-7-1.job", "rinse");
    folder.write("jobs/00000000000000000002-7-2.new", "ir");
    let server = Program::new(example("job_queue"))
        .args(["--port=127.0.0.1:0", "--check_for_dequeue=100ms"])
        .directory(folder.path())
        .start();
    let mut client = Client::connect(server.address());
    for job in ["wash", "dry"] {
        client.send(format!("{job}\n"));
        assert_eq!(client.line(), "queued");
    }
    drop(client);
    let left = || {
        let files = std::fs::read_dir(folder.join("jobs")).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    server.wait_until("no job is left", || left() == ["00000000000000000002-7-2.new"]);
    let finished = server.stop();
    let done = finished.log.iter().filter_map(|line| line.split_once("done: "));
    let done: Vec<&str> = done.map(|(_, job)| job).collect();
    assert_eq!(done, ["RINSE", "WASH", "DRY"], "each once, the oldest first");
}

#[test]
fn talk_sums_up_over_all_children() {
    let server = Server::start(example("talk"), &["--port=127.0.0.1:0"]);
    // At the same time, so that each talks with a child of its own.
    let mut clients = [(); 3].map(|()| Client::connect(server.address()));
    let mut total = 0;
    for amount in [5, 7] {
        for client in &mut clients {
            total += amount;
            client.send(format!("{amount}\n"));
            assert_eq!(client.line(), format!("{total} in all"));
        }
    }
    clients[0].send("a lot\n");
    assert_eq!(clients[0].line(), "how much?");
    drop(clients);
    server.stop();
}

#[test]
fn thread_counts_the_votes_of_all() {
    let server = Server::start(example("thread"), &["--port=127.0.0.1:0"]);
    // At the same time, so that each has a thread of its own.
    let mut clients = [(); 3].map(|()| Client::connect(server.address()));
    for vote in 1..=2 {
        for (before, client) in clients.iter_mut().enumerate() {
            client.send("tea\n");
            let count = 3 * (vote - 1) + before + 1;
            assert_eq!(client.line(), format!("tea: {count}, of {vote} by this thread"));
        }
    }
    clients[0].send("\n");
    assert_eq!(clients[0].line(), "tea: 6");
    drop(clients);
    server.stop();
}

#[test]
fn bench_echo_repeats_one_line_or_all_with_each_personality() {
    for personality in ["single", "fork", "prefork_simple", "prefork", "thread", "multiplex"] {
        // At its own level it does not say where it listens.
        let start = |mode| {
            Program::new(example("bench_echo"))
                .args(["--port=127.0.0.1:0", "--log_level=2", mode])
                .arg(format!("--server_type={personality}"))
                .start()
        };
        let server = start("--mode=line");
        let mut client = Client::connect(server.address());
        client.send("one\ntwo\n");
        assert_eq!(client.rest(), b"one\n", "{personality}");
        server.stop();

        let server = start("--mode=keep");
        let mut client = Client::connect(server.address());
        for line in ["one", "two", ""] {
            client.send(format!("{line}\n"));
            assert_eq!(client.line(), line, "{personality}");
        }
        client.send(b"\xff");
        client.half_close();
        assert_eq!(client.rest(), b"\xff\n", "{personality}: it need not be a text");
        server.stop();
    }
}

#[test]
fn sample_answers_as_net_server_does() {
    let server = Server::start(example("sample"), &["--port=127.0.0.1:0"]);
    let mut client = Client::connect(server.address());
    let welcome = client.line();
    let pid =
        welcome.strip_prefix("Welcome to \"Sample\" (").and_then(|rest| rest.strip_suffix(')'));
    let pid = pid.unwrap_or_else(|| panic!("{welcome}")).to_owned();
    // What discloses or stops is not there unless it is asked for.
    for line in ["hello", "get port", "dump", "exit", "quite so"] {
        client.send(format!("{line}\r\n"));
        assert_eq!(client.line(), format!("Sample:{pid}: You said \"{line}\""));
    }
    client.send("quit\n");
    assert_eq!(client.line(), format!("Sample:{pid}: You said \"quit\""));
    assert_eq!(client.rest(), b"");
    server.stop();
}

#[test]
fn sample_does_more_where_it_is_asked_for() {
    let allowed = ["--allow_command=get", "--allow_command=dump", "--allow_command=exit"];
    let arguments = [&["--port=127.0.0.1:0", "--no_close_by_child=off"], &allowed[..]].concat();
    let server = Server::start(example("sample"), &arguments);
    let mut client = Client::connect(server.address());
    client.line();
    client.send("get max_servers\n");
    client.line();
    assert_eq!(client.line(), "max_servers: 50");
    client.send("get colour\n");
    client.line();
    assert_eq!(client.line(), "colour: no such option");
    client.send("dump\nexit\n");
    let rest = String::from_utf8(client.rest()).unwrap();
    assert!(rest.contains("allow_command: get, dump, exit\r\n"), "{rest}");
    assert!(rest.contains("listen: 4096\r\n"), "{rest}");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn sample_gives_a_silent_client_up() {
    let server = Server::start(example("sample"), &["--port=127.0.0.1:0", "--read_timeout=200ms"]);
    let mut client = Client::connect(server.address());
    client.line();
    assert_eq!(client.rest(), b"Timed Out.\r\n");
    server.stop();
}

#[test]
fn proxied_knows_who_is_behind_the_proxy() {
    let server = Server::start(example("proxied"), &["--port=127.0.0.1:0", "--log_level=3"]);
    let reply = |said: &str| {
        let mut client = Client::connect(server.address());
        client.send(format!("{said}\r\n"));
        String::from_utf8(client.rest()).unwrap()
    };
    assert_eq!(reply("PROXY TCP4 192.0.2.7 192.0.2.1 5000 80"), "you are 192.0.2.7:5000\n");
    assert_eq!(reply("PROXY TCP6 2001:db8::7 2001:db8::1 5 80"), "you are [2001:db8::7]:5\n");
    assert!(reply("PROXY UNKNOWN").starts_with("you are 127.0.0.1:"));
    assert_eq!(reply("PROXY TCP4 192.0.2.66 192.0.2.1 5000 80"), "", "denied");
    server.wait_for_log("CONNECT TCP Peer: \"[192.0.2.66]:5000\"");
    server
        .expect_log("handshake failed: expected a line of the PROXY protocol, got \"GET / HTTP\"");
    assert_eq!(reply("GET / HTTP"), "this port is for the proxy\n");
    server.stop();
}

/// What a client says that is given `input`, started where the server is.
fn said(client: &str, arguments: &[&str], folder: &std::path::Path, input: &str) -> Option<String> {
    let mut client = Command::new(tool(client)?)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn udp_tells_the_time_over_both() {
    use std::io::Read;
    let server = Server::start(example("udp"), &["--port=127.0.0.1:0", "--port=127.0.0.1:0/udp"]);
    let addresses = server.addresses(2);
    let mut times = [[0; 4]; 2];
    std::net::TcpStream::connect(addresses[0]).unwrap().read_exact(&mut times[0]).unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(netserver::testing::DEADLINE)).unwrap();
    socket.send_to(b"x", addresses[1]).unwrap();
    assert_eq!(socket.recv(&mut times[1]).unwrap(), 4);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    for time in times.map(u32::from_be_bytes) {
        assert!((u64::from(time) - 2_208_988_800).abs_diff(now) <= 2, "{time}");
    }
    server.stop();
}

#[test]
fn unix_keeps_notes() {
    let folder = netserver::testing::scratch();
    let server = Program::new(example("unix")).directory(folder.path()).start();
    server.wait_for_log("Binding to UNIX socket file");
    let ask = |input| said("nc", &["-q1", "-U", "notes.sock"], folder.path(), input);
    let Some(none) = ask("add buy milk\nadd sleep\n") else {
        server.stop();
        return;
    };
    assert_eq!(none, "");
    assert_eq!(ask("list\nwhat\n").unwrap(), "buy milk\nsleep\nadd NOTE or list\n");
    server.stop();
    assert!(!folder.join("notes.sock").exists());
}

#[cfg(feature = "tls")]
#[test]
fn tls_whispers() {
    // openssl stays until the server ends it.
    let arguments = ["--port=127.0.0.1:0/ssl", "--log_level=3", "--read_timeout=1s"];
    let server = Server::start(example("tls"), &arguments);
    let address = server.address().to_string();
    let arguments = ["s_client", "-quiet", "-connect", &address];
    let folder = std::env::temp_dir();
    if let Some(said) = said("openssl", &arguments, &folder, "hello\n") {
        assert_eq!(said, "You whispered \"hello\"\n");
        server.wait_for_log("TLSv1.3 with TLS13_");
    }
    let pid = server.pid();
    server.stop();
    assert!(!folder.join(format!("netserver-demo-{pid}")).exists());
}

#[cfg(feature = "tls")]
#[test]
fn many_ports_answers_on_each() {
    let folder = netserver::testing::scratch();
    let server = Program::new(example("many_ports"))
        .directory(folder.path())
        .args(["--port=127.0.0.1:0", "--port=127.0.0.1:0/udp", "--port=[::1]:0"])
        .args(["--port=127.0.0.1:0/ssl", "--port=many.sock|unix", "--port=packets.sock|unixdgram"])
        .start();
    let ports = server.addresses(4).into_iter().map(|address| address.port().to_string());
    let ports: Vec<String> = ports.collect();
    server.wait_for_log("listens on");
    let secure = format!("127.0.0.1:{}", ports[3]);
    for (client, arguments, begin) in [
        ("nc", &["-q1", "127.0.0.1", &ports[0]][..], "tcp from 127.0.0.1:"),
        ("nc", &["-u", "-w1", "127.0.0.1", &ports[1]], "udp from 127.0.0.1:"),
        ("nc", &["-q1", "-6", "::1", &ports[2]], "tcp from [::1]:"),
        ("openssl", &["s_client", "-quiet", "-connect", &secure], "ssl from 127.0.0.1:"),
        ("nc", &["-q1", "-U", "many.sock"], "unix from a UNIX socket"),
        ("nc", &["-w1", "-uU", "-s", "own.sock", "packets.sock"], "unixdgram from own.sock"),
    ] {
        let Some(said) = said(client, arguments, folder.path(), "hello\n") else { continue };
        assert!(said.starts_with(begin) && said.ends_with(": hello\n"), "{arguments:?}: {said:?}");
    }
    server.stop();
}

#[cfg(feature = "systemd")]
#[test]
fn echo_is_handed_its_sockets_and_its_unit_is_accepted() {
    let folder = netserver::testing::scratch();
    let path = folder.join("echo.sock").display().to_string();
    if let Some(activate) = tool("systemd-socket-activate") {
        // Free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let ports = [format!("--port={}", address.port()), format!("--port={path}|unix")];
        let server = Program::new(example("echo"))
            .args(&ports)
            .under(activate, &["--listen", &address.to_string(), "--listen", &path])
            .start();
        for said in ["Listening on", "Communication attempt", "Execing"] {
            server.allow_log(said);
        }
        server.wait_for_log("as 4.");
        let mut client = Client::connect(address);
        client.send("hello\n");
        assert_eq!(client.line(), "You said \"hello\"");
        drop(client);
        let mut client = std::os::unix::net::UnixStream::connect(&path).unwrap();
        client.write_all(b"hello\n").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let said = std::io::read_to_string(client).unwrap();
        assert_eq!(said, "You said \"hello\"\n");
        server.stop();
    }
    if let Some(analyze) = tool("systemd-analyze") {
        let unit = Program::new(example("echo")).args(["--port=80", "--print-unit"]).run();
        let unit = folder.write("echo.service", unit.expect_code(0).stdout);
        let verify = Command::new(analyze).arg("verify").arg(unit).output().unwrap();
        assert!(verify.status.success() && verify.stderr.is_empty(), "{verify:?}");
    }
}

#[test]
fn echo_reload_loses_nobody() {
    let report = verify_reload(example("echo"))
        .exchange(b"hello\n", |reply| reply == b"You said \"hello\"\n")
        .in_flight(2)
        .run();
    assert_eq!(report.lost(), 0, "{report}");
    assert!(report.is_clean(), "{report}");
}
