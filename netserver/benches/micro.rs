//! Small things that happen at each start, connection or line: what one of them takes.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netserver_options::kind::{Kind, Pattern, PatternValue, Port, PortValue};
use netserver_options::listen;

/// The runtime's own, of which no user sees anything.
#[path = "../src/buffer.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unnecessary_box_returns,
    reason = "lines are read here, and nothing else; its tests are not run here"
)]
mod buffer;

/// What `buffer` keeps beside datagrams, of which there are none here.
mod sys {
    pub(crate) mod socket {
        #[derive(Debug, Default)]
        pub(crate) struct Aside(());
        #[derive(Debug, Default)]
        pub(crate) struct Received(());
    }
}

/// A command line as a service has it.
const WORDS: [(&str, &str); 8] = [
    ("port", "127.0.0.1:8080"),
    ("server_type", "prefork"),
    ("min_servers", "8"),
    ("max_servers", "200"),
    ("user", "nobody"),
    ("log_level", "3"),
    ("log_file", "/var/log/echo.log"),
    ("read_timeout", "30s"),
];
const PORTS: [(&str, &str); 5] = [
    ("number", "8080"),
    ("host", "localhost:8080"),
    ("ipv6", "[::1]:8080/tcp/IPv6"),
    ("path", "/run/echo.sock|unix"),
    ("settings", "{port=443, host=localhost, proto=ssl, listen=5}"),
];
const NETWORKS: u8 = 100;

fn options(criterion: &mut Criterion) {
    for (name, value) in WORDS {
        let spec = netserver_options::find(name);
        assert!(spec.is_some_and(|spec| spec.check(value).is_ok()), "{name}={value}");
    }
    criterion.bench_function("options/8 words", |bencher| {
        bencher.iter(|| {
            for (name, value) in WORDS {
                let spec = netserver_options::find(black_box(name));
                black_box(spec.map(|spec| spec.check(black_box(value))).is_some());
            }
        });
    });
    criterion.bench_function("options/unknown word", |bencher| {
        bencher.iter(|| netserver_options::table::unknown(black_box("max_server")));
    });
}

fn ports(criterion: &mut Criterion) {
    for (name, text) in PORTS {
        assert!(Port::parse(text).is_ok(), "{text}");
        criterion.bench_function(&format!("port/{name}"), |bencher| {
            bencher.iter(|| Port::parse(black_box(text)));
        });
    }
    let many: Vec<PortValue> =
        (1..=256).filter_map(|port| Port::parse(&format!("127.0.0.1:{port}")).ok()).collect();
    criterion.bench_function("port/256 at once", |bencher| {
        bencher.iter(|| listen::wishes(black_box(&many), &[], &[], &[]).is_ok());
    });
}

fn access(criterion: &mut Criterion) {
    let networks: Vec<PatternValue> =
        (0..NETWORKS).filter_map(|at| Pattern::parse(&format!("10.{at}.0.0/16")).ok()).collect();
    let stranger = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    assert!(!networks.iter().any(|network| network.matches_address(stranger)));
    criterion.bench_function("access/100 networks, none matches", |bencher| {
        bencher
            .iter(|| networks.iter().any(|network| network.matches_address(black_box(stranger))));
    });
    let expressions: Vec<PatternValue> = Pattern::parse(r".*\.example\.com").into_iter().collect();
    criterion.bench_function("access/expression on a name", |bencher| {
        bencher.iter(|| {
            let name = black_box("host.example.com");
            expressions.iter().all(|expression| expression.matches_text(name))
        });
    });
    criterion.bench_function("access/parse a network", |bencher| {
        bencher.iter(|| Pattern::parse(black_box("10.0.0.0/8")));
    });
}

fn lines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lines");
    for length in [16, 128, 1000] {
        let mut line = vec![b'a'; length - 1];
        line.push(b'\n');
        let mut buffers = buffer::Buffers::default();
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("{length} bytes"), |bencher| {
            bencher.iter(|| {
                buffers.room()[..length].copy_from_slice(black_box(&line));
                buffers.filled(length);
                let taken = buffers.take_line();
                assert_eq!(black_box(&taken), &(true, false));
                buffers.line().clear();
            });
        });
    }
    group.finish();
}

criterion_group!(all, options, ports, access, lines);
criterion_main!(all);
