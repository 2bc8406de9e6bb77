//! Texts of ports, most of them nearly valid: the same ones each time.

const HOSTS: &[&str] = &[
    "*",
    "localhost",
    "127.0.0.1",
    "::1",
    "[::1]",
    "[localhost]",
    "foo.com",
    "a-b.example.com",
    "[]",
    "[*]",
    "0.0.0.0",
    "::",
    "a_b",
    "::ffff:1.2.3.4",
    "",
];
const ODD_HOSTS: &[&str] = &["999.1.1.1", "1.2.3", "bad!host", "10.0.0.1/8", "[::1", "a..b"];
const PORTS: &[&str] = &["80", "0", "20203", "http", "https-alt", "065", "65535", "1e3"];
const ODD_PORTS: &[&str] = &["65536", "99999", "-1", "80-90", ""];
const PATHS: &[&str] = &[
    "/run/s",
    "foo/bar",
    "/run/x.sock",
    "./s",
    "../s-1",
    "/run/a b",
    "/",
    "s",
    "/run/s:1",
    "/run/s.",
];
const FAMILIES: &[&str] = &["IPv4", "ipv6", "IPv*", "IPv46", "IPv64", "IPv4*"];
const ODD_FAMILIES: &[&str] = &["IPv5", "IPv4v6", "IPv", "IPv456"];
const PROTOS: &[&str] = &[
    "tcp",
    "udp",
    "ssl",
    "ssleay",
    "TCP",
    "Udp",
    "Net::Server::Proto::TCP",
    "Net::Server::Proto::UDP",
];
const ODD_PROTOS: &[&str] = &["unix", "unixdgram", "MyTcp", "t!p", "My::Proto"];
const UNIX: &[&str] = &["unix", "unixdgram", "UNIX", "UnixDgram", "unix", "tcp"];
const TYPES: &[&str] = &["sock_stream", "sock_dgram", "SOCK_DGRAM", "SOCK_STREAM", "1", "2"];
const SEPARATORS: &[&str] = &[":", "/", "|", ",", " ", ", ", "::", " : ", "//"];
const NOISE: &[&str] = &["/", ":", "|", ",", " ", "*", "[", "]", ".", "-", "x", "7", "%", "é"];

/// The first so many texts.
pub(super) fn texts(count: usize) -> Vec<String> {
    let mut texts = Texts(0x9E37_79B9_7F4A_7C15);
    (0..count).map(|_| texts.next()).collect()
}

/// Where the numbers are that choose.
struct Texts(u64);

impl Texts {
    /// A number below `bound`: xorshift, which is random enough here.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    fn mostly(&mut self, words: &[&'static str], odd: &[&'static str]) -> &'static str {
        if self.happens(10) { self.one_of(odd) } else { self.one_of(words) }
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn next(&mut self) -> String {
        let mut text = if self.happens(30) { self.path() } else { self.port() };
        if self.happens(8) {
            let place = self.below(text.chars().count() + 1);
            let at = text.char_indices().nth(place).map_or(text.len(), |(at, _)| at);
            text.insert_str(at, self.one_of(NOISE));
        }
        text
    }

    fn port(&mut self) -> String {
        let mut text = String::new();
        if self.happens(60) {
            text += self.mostly(HOSTS, ODD_HOSTS);
            text += if self.happens(60) { ":" } else { self.one_of(SEPARATORS) };
        }
        text += self.mostly(PORTS, ODD_PORTS);
        for (words, odd, percent) in [
            (FAMILIES, ODD_FAMILIES, 15),
            (PROTOS, ODD_PROTOS, 30),
            (FAMILIES, ODD_FAMILIES, 15),
            (PROTOS, ODD_PROTOS, 5),
            (TYPES, TYPES, 5),
        ] {
            if self.happens(percent) {
                text += self.one_of(SEPARATORS);
                text += self.mostly(words, odd);
            }
        }
        text
    }

    fn path(&mut self) -> String {
        let mut text = self.one_of(PATHS).to_owned();
        for (words, percent) in [(TYPES, 30), (FAMILIES, 10), (UNIX, 80), (UNIX, 5)] {
            if self.happens(percent) {
                text += self.one_of(SEPARATORS);
                text += self.one_of(words);
            }
        }
        text
    }
}
