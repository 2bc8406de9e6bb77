//! The same texts of ports, as Perl's Net::Server reads them and as we do. Each difference is one
//! that we mean to have.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use netserver::testing::{scratch, tool_with};
use netserver_options::kind::{HostName, IpvValue, Kind, Port, Target};
use netserver_options::listen::{Wish, wishes};

use super::departures::{DEPARTURES, Departure, departure_of};
use super::record::{Answer, Record};
use super::texts::texts;

/// Enough for every class to be there many times.
const COUNT: usize = 20_000;

/// What we make of a text, where the option `ipv` is 4.
fn ours(text: &str) -> Answer {
    let port = Port::parse(text).map_err(|reject| reject.fault)?;
    let wishes = wishes(&[port], &[], &[], &[IpvValue::V4]).map_err(|(_, reject)| reject.fault)?;
    Ok(wishes.all.iter().map(record).collect())
}

fn record(wish: &Wish) -> Record {
    Record {
        host: match &wish.host {
            HostName::Address(ip) => ip.to_string(),
            host => host.to_string(),
        },
        port: match &wish.target {
            Target::Number(number) => number.to_string(),
            Target::Service(text) | Target::Path(text) => text.clone(),
        },
        proto: wish.protocol.name().to_owned(),
        ipv: wish.family.name().to_owned(),
    }
}

/// What Perl makes of them.
fn theirs(perl: &Path, texts: &[String]) -> Vec<Answer> {
    let folder = scratch();
    let input = folder.write("texts", texts.join("\n") + "\n");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("black_box/ports/ports.pl");
    let output = Command::new(perl)
        .arg(script)
        .stdin(Stdio::from(File::open(input).unwrap()))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Answer> = lines.lines().map(answer).collect();
    assert_eq!(answers.len(), texts.len());
    answers
}

fn answer(line: &str) -> Answer {
    if let Some(why) = line.strip_prefix("refused\t") {
        return Err(why.to_owned());
    }
    let fields: Vec<&str> = line.split('\t').collect();
    Ok(fields.chunks(5).map(Record::of_perl).collect())
}

#[test]
fn ports_are_read_as_perl_reads_them_but_where_we_mean_to_differ() {
    let Some(perl) = tool_with("perl", &["-MNet::Server::Proto", "-e1"]) else { return };
    let texts = texts(COUNT);
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (text, theirs) in texts.iter().zip(theirs(&perl, &texts)) {
        let ours = ours(text);
        let class = match (&ours, &theirs) {
            (Err(_), Err(_)) => Some((0, "both refuse it")),
            _ if ours == theirs => Some((0, "both read it alike")),
            _ => departure_of(text, &ours, &theirs).map(|one| (one.row, one.reason)),
        };
        match class {
            Some(class) => *counts.entry(class).or_default() += 1,
            None => faults.push(format!("{text:?}\n  ours {ours:?}\n  Perl's {theirs:?}")),
        }
    }
    for ((row, reason), count) in &counts {
        // Not by `println!`, which is for nobody's output here; it is no matter whether it is read.
        let _ = writeln!(io::stdout(), "{count:6} row {row:2}: {reason}");
    }
    assert!(
        faults.is_empty(),
        "{} differ, such as {:#?}",
        faults.len(),
        &faults[..faults.len().min(9)]
    );
    for Departure { row, reason, .. } in DEPARTURES {
        assert!(counts.contains_key(&(*row, reason)), "no text shows that {reason}");
    }
}
