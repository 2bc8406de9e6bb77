//! Where our reading of a port is meant to be another than Perl's: each difference has a class with
//! a reason, and the row of `netserver/options/ports.txt` that shows it.

use super::record::{Answer, Record, SEP};

/// A difference that is meant to be.
pub(super) struct Departure {
    pub(super) reason: &'static str,
    pub(super) row: u8,
    holds: fn(&str, &Answer, &Answer) -> bool,
}

/// The first that holds is the class of a difference.
pub(super) const DEPARTURES: &[Departure] = &[
    departure("the host of a path is of no use", 40, |_, ours, theirs| {
        is_alike(ours, theirs, |one| Record { host: String::new(), ..one.clone() })
    }),
    departure("a path needs a protocol of UNIX sockets", 39, |_, ours, theirs| {
        refused(ours, "is a path, and its protocol is")
            && any(theirs, |one| !one.is_unix() || one.port.trim_matches('/').is_empty())
    }),
    departure("nothing stands behind the digits of a family", 62, |text, ours, _| {
        ours.is_err() && has_stray_family(text)
    }),
    departure("a family is neither a port nor a path", 62, |_, ours, theirs| {
        ours.is_err() && any(theirs, |one| one.port.to_lowercase().starts_with("ipv"))
    }),
    departure("no family but 4, 6 and * is one", 66, |_, ours, _| {
        refused(ours, "expected IPv4, IPv6 or IPv*")
    }),
    departure("a path has no separator in it, but in braces", 40, |_, ours, theirs| {
        refused(ours, "expected the path of a UNIX socket") && any(theirs, |one| !one.has_port())
    }),
    departure("two protocols contradict each other", 89, |_, ours, _| {
        refused(ours, "expected one protocol")
    }),
    departure("a type of UNIX sockets contradicts another protocol", 31, |_, ours, _| {
        refused(ours, "no type of UNIX sockets") || refused(ours, "expected datagrams")
    }),
    departure("a type without a protocol needs a path", 31, |_, ours, _| {
        refused(ours, "expected a path with a type")
    }),
    departure(
        "a type is one in any case, and names the protocol of a path",
        32,
        |text, ours, _| !any(ours, |one| !one.is_unix()) && has_type(text),
    ),
    departure("a type is one by its number too", 33, |text, ours, _| {
        (any(ours, Record::is_unix) || refused(ours, "expected the path of a UNIX socket"))
            && has_number_of_type(text)
    }),
    departure("`::` stands between parts, and in Perl's own classes alone", 83, |_, _, theirs| {
        any(theirs, |one| one.proto.contains("::"))
    }),
    departure("no other class than Perl's own is a protocol", 83, |_, ours, theirs| {
        ours.is_err() && any(theirs, |one| !one.has_protocol())
    }),
    departure("a host may stand before a slash", 84, |_, ours, theirs| {
        is_alike(ours, theirs, Record::behind_slash)
    }),
    departure("port 0 stands behind a slash as others do", 84, |text, _, _| {
        ends_a_part(text, "/0")
    }),
    departure("a protocol stands behind any character", 41, |text, ours, _| {
        ours.is_ok() && has_bare_protocol(text)
    }),
    departure("a service may have a dash in its name", 73, |_, ours, theirs| {
        is_alike(ours, theirs, Record::behind_separator)
    }),
    departure("an address alone is no port", 57, |_, ours, _| {
        refused(ours, "expected a port behind the address")
    }),
    departure("a host that is none is refused at once", 91, |_, ours, theirs| {
        ours.is_err() && any(theirs, |one| !one.has_host())
    }),
    departure("a port that is none is refused at once", 87, |_, ours, theirs| {
        ours.is_err() && any(theirs, |one| !one.has_port())
    }),
    departure("a folder of a path may be called as a family is", 29, |text, _, _| {
        text.starts_with(['/', '.']) && text.to_lowercase().contains("/ipv")
    }),
];

/// The class of a difference; without one it is a fault.
pub(super) fn departure_of(
    text: &str,
    ours: &Answer,
    theirs: &Answer,
) -> Option<&'static Departure> {
    DEPARTURES.iter().find(|departure| (departure.holds)(text, ours, theirs))
}

const fn departure(
    reason: &'static str,
    row: u8,
    holds: fn(&str, &Answer, &Answer) -> bool,
) -> Departure {
    Departure { reason, row, holds }
}

fn refused(answer: &Answer, words: &str) -> bool {
    answer.as_ref().is_err_and(|fault| fault.contains(words))
}

fn any(answer: &Answer, holds: fn(&Record) -> bool) -> bool {
    answer.as_ref().is_ok_and(|records| records.iter().any(holds))
}

/// Whether both are the same once Perl's records, and ours, are read as `read` does.
fn is_alike(ours: &Answer, theirs: &Answer, read: fn(&Record) -> Record) -> bool {
    let read = |records: &Vec<Record>| {
        let mut read: Vec<Record> = records.iter().map(read).collect();
        read.dedup();
        read
    };
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return false };
    read(ours) == read(theirs)
}

/// Whether a family has more behind it than digits.
fn has_stray_family(text: &str) -> bool {
    let lower = text.to_lowercase();
    let behind = lower.split("ipv").skip(1);
    let is_digit = |c: char| c.is_ascii_digit() || c == '*';
    let mut strays = behind.filter(|rest| rest.starts_with(is_digit));
    strays.any(|rest| rest.trim_start_matches(is_digit).starts_with(|c: char| !SEP.contains(c)))
}

/// Whether a protocol ends the text, and what is before it ends in a character that Perl wants not
/// to see there.
fn has_bare_protocol(text: &str) -> bool {
    let lower = text.to_lowercase();
    let cut =
        |name: &str| lower.strip_suffix(name).filter(|rest| rest.ends_with(|c| SEP.contains(c)));
    let rest = ["unix", "unixdgram", "tcp", "udp", "ssl", "ssleay"].into_iter().find_map(cut);
    let last = rest.and_then(|rest| rest.trim_end_matches(|c| SEP.contains(c)).chars().next_back());
    last.is_some_and(|c| !c.is_ascii_alphanumeric() && !"_*]".contains(c))
}

/// Whether these characters stand at the end, or before a separator.
fn ends_a_part(text: &str, part: &str) -> bool {
    let mut behind = text.split(part).skip(1);
    behind.any(|rest| rest.is_empty() || rest.starts_with(|c| SEP.contains(c)))
}

fn has_type(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("sock_stream") || lower.contains("sock_dgram")
}

fn has_number_of_type(text: &str) -> bool {
    text.split(|c| SEP.contains(c)).any(|word| matches!(word, "1" | "2"))
}
