//! TLS: with the clients that people have, and with those that nobody wants.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netserver::testing::{DEADLINE, Program, Scratch, Server, Stream, Target, scratch, tool};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::multiplex::muxer;
use super::privileges::setpriv;
use super::protocols::facts;

/// An authority, and what it has issued, as files.
pub(super) struct Issued {
    directory: Scratch,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Issued {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "the issuer");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let issued = Self { directory: scratch(), issuer };
        issued.directory.write("ca.pem", issued.issuer.pem());
        issued
    }

    /// Writes `NAME.pem` and `NAME.key`, for hosts of these names.
    pub(super) fn write(&self, name: &str, hosts: &[&str], years: std::ops::Range<i32>) {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.directory.write(format!("{name}.pem"), certificate.pem());
        let path = self.directory.write(format!("{name}.key"), key.serialize_pem());
        let secret = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, secret).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    /// The arguments for the certificate of that name.
    pub(super) fn cert(&self, name: &str) -> [String; 2] {
        let path = |ending| self.path(&format!("{name}.{ending}"));
        [format!("--ssl_cert_file={}", path("pem")), format!("--ssl_key_file={}", path("key"))]
    }

    fn server(&self) -> Program {
        self.write("server", &["localhost", "127.0.0.1"], 2020..2090);
        facts(&["0/ssl"]).args(self.cert("server"))
    }

    pub(super) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.issuer.der().to_vec())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// A client of the test's own, which trusts the issuer alone.
fn connect(
    config: &Arc<ClientConfig>,
    address: SocketAddr,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), stream)
}

/// Whom the clients of a load speak TLS to.
pub(super) struct Secured {
    pub(super) config: Arc<ClientConfig>,
    pub(super) address: SocketAddr,
}

#[derive(Debug)]
struct Secret(StreamOwned<ClientConnection, TcpStream>);

impl Target for Secured {
    fn connect(&self, within: Duration) -> io::Result<Box<dyn Stream>> {
        let mut stream = TcpStream::connect_timeout(&self.address, within)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(within))?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut session =
            ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(Box::new(Secret(StreamOwned::new(session, stream))))
    }
}

impl Read for Secret {
    /// A server that closes without a word of TLS has cut its reply, which is an error here.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }
}

impl Write for Secret {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsFd for Secret {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.sock.as_fd()
    }
}

impl Stream for Secret {
    fn half_close(&mut self) -> io::Result<()> {
        self.0.conn.send_close_notify();
        self.0.flush()?;
        self.0.sock.shutdown(Shutdown::Write)
    }
}

pub(super) fn exchange(config: &Arc<ClientConfig>, address: SocketAddr, text: &str) -> Vec<u8> {
    let mut stream = connect(config, address);
    stream.write_all(text.as_bytes()).unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    said
}

/// What `openssl s_client` prints of what the server says, and of itself.
fn openssl(tool: &PathBuf, server: &Server, arguments: &[&str], input: &str) -> String {
    let mut client = Command::new(tool)
        .args(["s_client", "-connect", &server.address().to_string(), "-ign_eof"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have been refused already.
    let _ = client.stdin.take().unwrap().write_all(input.as_bytes());
    let output = client.wait_with_output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn openssl_and_curl_are_served() {
    let (Some(ssl), Some(curl)) = (tool("openssl"), tool("curl")) else { return };
    let issued = Issued::new();
    let server = issued.server().args(["--ssl_alpn=first/1", "--ssl_alpn=second/1"]).start();
    let ca = issued.path("ca.pem");
    for (version, said) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")] {
        let arguments =
            [version, "-CAfile", &ca, "-servername", "localhost", "-alpn", "none/1,second/1"];
        let out = openssl(&ssl, &server, &arguments, "tls\n");
        assert!(out.contains("Verify return code: 0 (ok)"), "{out}");
        assert!(out.contains(&format!("{said} name=localhost alpn=second/1 certs=0")), "{out}");
    }
    let url = format!("https://localhost:{}/", server.address().port());
    let out = Command::new(curl)
        .args(["--silent", "--show-error", "--http0.9", "--no-alpn", "--cacert", &ca, &url])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.starts_with("ssl 14 whole 127.0.0.1:"), "{said} {out:?}");
    server.stop();
}

#[test]
fn clients_show_certificates_where_they_have_to() {
    let Some(ssl) = tool("openssl") else { return };
    let issued = Issued::new();
    issued.write("client", &[], 2020..2090);
    let strangers = Issued::new();
    strangers.write("client", &[], 2020..2090);
    let ca = format!("--ssl_client_ca_file={}", issued.path("ca.pem"));
    let show = |from: &Issued| [from.path("client.pem"), from.path("client.key")];
    for (verify, nobody, stranger) in [
        ("auto", false, false),
        ("required", false, false),
        ("optional", true, false),
        ("none", true, true),
    ] {
        let server = issued
            .server()
            .args([&ca, &format!("--ssl_verify_client={verify}")])
            .arg("--log_level=3")
            .start();
        let known = usize::from(verify != "none");
        let [cert, key] = show(&issued);
        let out = openssl(&ssl, &server, &["-cert", &cert, "-key", &key], "tls\n");
        assert!(out.contains(&format!("certs={known}")), "{verify}: {out}");
        let out = openssl(&ssl, &server, &[], "tls\n");
        assert_eq!(out.contains("certs=0"), nobody, "{verify}: {out}");
        let [cert, key] = show(&strangers);
        let out = openssl(&ssl, &server, &["-cert", &cert, "-key", &key], "tls\n");
        assert_eq!(out.contains("certs=0"), stranger, "{verify}: {out}");
        server.stop();
    }
}

#[test]
fn the_certificate_is_that_of_the_name() {
    let Some(ssl) = tool("openssl") else { return };
    let issued = Issued::new();
    issued.write("one", &["one.test"], 2020..2090);
    issued.write("two", &["two.test", "*.two.test"], 2020..2090);
    issued.write("other", &["other.test"], 2020..2090);
    let [cert, key] = issued.cert("other").map(|argument| argument.replace("--", ""));
    let server = facts(&["0/ssl", &format!("{{port=0, proto=ssl, {cert}, {key}}}")])
        .args(issued.cert("one"))
        .args(issued.cert("two"))
        .start();
    let addresses = server.addresses(2);
    for (at, name, subject) in [
        (0, "one.test", "CN = one"),
        (0, "two.test", "CN = two"),
        (0, "a.two.test", "CN = two"),
        (0, "a.b.two.test", "CN = one"),
        (1, "two.test", "CN = other"),
    ] {
        let out = Command::new(&ssl)
            .args(["s_client", "-connect", &addresses[at].to_string(), "-servername", name])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&out.stdout).replace("CN=", "CN = ");
        assert!(out.contains(&format!("subject={subject}")), "{name}: {out}");
    }
    server.stop();
}

#[test]
fn bytes_are_the_same_on_both_sides() {
    let issued = Issued::new();
    let server = issued.server().start();
    let config = issued.client();
    let said = exchange(&config, server.address(), "fill 3000000\n");
    assert_eq!(said.len(), 3_000_000);
    assert!(said.iter().all(|byte| *byte == b'x'));
    server.stop();
}

#[test]
fn bad_certificates_end_the_start_with_one_line() {
    let issued = Issued::new();
    issued.write("good", &["localhost"], 2020..2090);
    issued.write("other", &["localhost"], 2020..2090);
    issued.write("expired", &["localhost"], 2010..2011);
    issued.write("early", &["localhost"], 2080..2090);
    issued.directory.write("text.pem", "no certificate");
    let path = |name: &str| issued.path(name);
    for (cert, key, reason) in [
        ("good.pem", "other.key", "other.key"),
        ("expired.pem", "expired.key", "expired"),
        ("early.pem", "early.key", "is not valid before 2080"),
        ("text.pem", "good.key", "text.pem"),
        ("missing.pem", "good.key", "No such file"),
        ("good.pem", "text.pem", "text.pem"),
        (".", "good.key", "is a directory"),
    ] {
        for check in [&[][..], &["--check"]] {
            let socket = issued.directory.join("socket");
            let finished = facts(&[&format!("{}|unix", socket.display()), "4433/ssl"])
                .args([
                    format!("--ssl_cert_file={}", path(cert)),
                    format!("--ssl_key_file={}", path(key)),
                ])
                .args(check)
                .run()
                .expect_code(1);
            let said = finished.stderr();
            let lines: Vec<_> =
                said.lines().filter(|line| line.contains("cannot listen on")).collect();
            assert_eq!(lines.len(), 1, "{cert} {key}: {said}");
            assert!(lines[0].contains("127.0.0.1:4433") && lines[0].contains(reason), "{said}");
            assert!(!socket.exists());
        }
    }
    let finished = facts(&["0/ssl"]).run().expect_code(1);
    assert!(finished.stderr().contains("ssl_cert_file"), "{}", finished.stderr());
}

/// T36: 200 and 500 of each with `TLS_ABUSE=1`.
#[test]
fn abuse_keeps_nobody_from_being_served() {
    let issued = Issued::new();
    let pool = ["--max_servers=300", "--min_servers=20"];
    see_abused(&issued, issued.server().args(pool), "ssl 1 whole");
    let one = muxer(&["--port=0/ssl"]).args(issued.cert("server"));
    see_abused(&issued, one, "? x");
}

fn see_abused(issued: &Issued, program: Program, said: &str) {
    let full = std::env::var_os("TLS_ABUSE").is_some();
    let (stalled, resets, limit) = if full { (200, 500, 10) } else { (40, 100, 1) };
    let server = program.arg(format!("--handshake_timeout={limit}s")).start();
    let (address, config) = (server.address(), issued.client());
    let is_served = || exchange(&config, address, "x\nclose\n").starts_with(said.as_bytes());
    assert!(is_served(), "{said}");
    // One that has everybody, or else the one that has their children.
    let all = server.children();
    let keeper = if let [only] = all[..] { only } else { server.pid() };
    let before = server.descriptors(keeper);
    thread::scope(|scope| {
        for at in 0..stalled {
            scope.spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                // Half of a record, or nothing.
                stream.write_all(&[0x16, 0x03, 0x01, 0x02][..at % 5]).unwrap();
                let start = Instant::now();
                stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                let _ = stream.read(&mut [0; 100]);
                let took = start.elapsed().as_secs_f64();
                let limit = f64::from(limit);
                assert!(took > limit * 0.9 && took < limit + 1.0, "cut after {took}s");
            });
        }
        scope.spawn(move || {
            for at in 0..resets {
                let mut stream = TcpStream::connect(address).unwrap();
                let sent: &[u8] = if at % 2 == 0 {
                    b"\x16\x03\x01\x00\xff\x01"
                } else {
                    b"GET / HTTP/1.0\r\n\r\n"
                };
                stream.write_all(sent).unwrap();
                if at % 4 == 0 {
                    socket_reset(&stream);
                }
            }
            let mut garbage = TcpStream::connect(address).unwrap();
            let _ = garbage.write_all(&vec![0x80; 65_536]);
            let _ = garbage.read(&mut [0; 100]);
        });
        let mut times = Vec::new();
        for _ in 0..100 {
            let start = Instant::now();
            assert!(is_served(), "{said}");
            times.push(start.elapsed());
        }
        times.sort();
        assert!(times[98] < Duration::from_millis(300), "{:?}", times[98]);
    });
    server.expect_no_leak(keeper, &before);
    server.stop();
}

fn socket_reset(stream: &TcpStream) {
    nix::sys::socket::setsockopt(
        stream,
        nix::sys::socket::sockopt::Linger,
        &nix::libc::linger { l_onoff: 1, l_linger: 0 },
    )
    .unwrap();
}

/// T23: what processes of one pool take as random has to differ.
#[test]
fn no_two_processes_have_the_same_random_numbers() {
    let issued = Issued::new();
    let server = issued.server().args(["--min_servers=8", "--max_requests=10"]).start();
    let (address, config) = (server.address(), issued.client());
    let mut seen = HashSet::new();
    for _ in 0..400 {
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        while client.wants_write() {
            client.write_tls(&mut stream).unwrap();
        }
        // A record's head of 5 bytes, the message's of 4, a version of 2: then 32 random ones.
        let mut hello = [0; 43];
        stream.read_exact(&mut hello).unwrap();
        assert_eq!((hello[0], hello[5]), (0x16, 0x02), "no ServerHello");
        assert!(seen.insert(hello[11..].to_vec()), "twice the same");
    }
    server.stop();
}

#[test]
fn a_key_that_others_may_read_is_told_and_refused_where_that_is_asked_for() {
    const SAID: &str = "others may read it (mode 0644)";
    let issued = Issued::new();
    issued.write("server", &["localhost"], 2020..2090);
    let exposed = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(issued.path("server.key"), exposed).unwrap();
    let user = format!("--user={}", nix::unistd::geteuid());
    let check = || facts(&["0/ssl"]).args(issued.cert("server")).args(["--check", &user]);
    let told = check().run().expect_code(0).stderr();
    assert!(told.contains(SAID), "{told}");
    let refused = check().arg("--strict").run().expect_code(1).stderr();
    assert!(refused.contains(SAID) && refused.contains("(strict)"), "{refused}");
}

#[test]
fn certificates_are_there_behind_a_chroot() {
    if setpriv().is_none() {
        return;
    }
    let (issued, jail) = (Issued::new(), scratch());
    let chroot = format!("--chroot={}", jail.path().display());
    let server = issued.server().args([&chroot, "--user=33", "--group=33"]).start();
    for _ in 0..3 {
        let said = exchange(&issued.client(), server.address(), "tls\n");
        assert!(String::from_utf8_lossy(&said).starts_with("TLSv1.3"), "{said:?}");
    }
    server.stop();
}
