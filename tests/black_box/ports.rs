//! Ports: the records that the table names, from a program; and thousands of texts, as Perl's
//! Net::Server reads them and as we do.

mod departures;
mod perl;
mod record;
mod texts;

use std::fs;
use std::net::{IpAddr, UdpSocket};

use netserver::testing::{Finished, Program};

use super::program;

const SERVICES: &str = "/etc/services";

/// The program with the options of one row of the table.
fn with_options(options: &str) -> Program {
    let mut program = program!("facts").arg("--print-config=json");
    let options: Vec<&str> = options.split(" ; ").filter(|option| !option.is_empty()).collect();
    if !options.iter().any(|option| option.starts_with("port")) {
        // The program has a port of its own, and the table the default.
        program = program.arg("--port=20203");
    }
    options.iter().fold(program, |program, option| program.arg(format!("--{option}")))
}

/// The records under `listen`, each as `host port proto ipv`.
fn records(finished: &Finished) -> Vec<String> {
    let (_, listen) = finished.stdout.split_once("\"listen\": [").unwrap();
    let lines = listen.lines().map(|line| line.trim().trim_end_matches(','));
    lines.filter_map(|line| line.strip_prefix('{')?.strip_suffix('}')).map(record).collect()
}

fn record(json: &str) -> String {
    let values = json.split(", ").zip(["host", "port", "proto", "ipv"]).map(|(pair, key)| {
        let (name, value) = pair.split_once(": ").unwrap();
        assert_eq!(name, format!("{key:?}"), "{json}");
        let is_number = value.parse::<u16>().is_ok();
        assert_eq!(value.starts_with('"'), key != "port" || !is_number, "{json}");
        value.trim_matches('"')
    });
    values.collect::<Vec<_>>().join(" ")
}

/// Whether these are the records that the table expects.
fn are_expected(found: &[String], expected: &str, has_ipv6: bool) -> bool {
    match expected.split_once(' ') {
        Some(("loopback", rest)) => {
            let (rest, _) = rest.rsplit_once(' ').unwrap();
            !found.is_empty() && found.iter().all(|one| is_loopback(one, rest))
        }
        Some(("::", rest)) if !has_ipv6 && rest.ends_with('*') => {
            found == [format!("0.0.0.0 {}", rest.replace('*', "4"))]
        }
        _ => found.join(" ; ") == expected,
    }
}

fn is_loopback(record: &str, rest: &str) -> bool {
    let (host, behind) = record.split_once(' ').unwrap();
    let ip: IpAddr = host.parse().unwrap();
    ip.is_loopback() && behind == format!("{rest} {}", if ip.is_ipv4() { 4 } else { 6 })
}

#[test]
fn the_program_listens_on_what_the_table_says() {
    let has_ipv6 = UdpSocket::bind("[::]:0").is_ok();
    let has_services = fs::read_to_string(SERVICES).is_ok_and(|list| list.contains("http"));
    let rows = include_str!("../../netserver/options/ports.txt");
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.split(" => ").collect();
        // The last column, where the system is asked; else what is asked for.
        let expected = columns[columns.len() - 1];
        if columns[2].contains(" http ") && !has_services {
            continue;
        }
        let finished = with_options(columns[1]).run();
        let said = finished.stderr();
        if expected.contains(" ssl") && said.contains("is not in this program") {
            continue;
        }
        match expected.strip_prefix("error: ") {
            None => {
                let found = records(&finished.expect_code(0));
                assert!(are_expected(&found, expected, has_ipv6), "{row}: {found:?}");
            }
            Some(words) => {
                // That a name has no address is no fault of the options.
                let code = if words.starts_with("cannot resolve") { 1 } else { 2 };
                assert!(said.contains(words), "{row}: {said}");
                assert_eq!(finished.expect_code(code).stdout, "", "{row}");
            }
        }
    }
}
