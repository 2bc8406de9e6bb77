//! Who may connect: pure decisions, from rules that are compiled once at the start.
//!
//! Takes in the options and, for each client, what is known of it; hands on a verdict whose reason
//! names the rule. Whoever asks finds out the address, the name and the credentials. [`expression`]
//! tells which rules are for names.

mod expression;

use std::fmt;
use std::io;
use std::net::IpAddr;

use netserver_options::kind::{AccountValue, PatternValue};
use netserver_options::{AccessDefault, Reject};

use crate::error::{Error, OptionError, Result};
use crate::options::Options;
use crate::sys::account;

use expression::is_for_names;

/// What is known of a client.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Its address, where it has one: IPv4 in IPv6 form is IPv4.
    pub(crate) address: Option<IpAddr>,
    /// The name of that address.
    pub(crate) name: Name,
    /// Who it is on this machine: of a client of a UNIX socket, and of no other.
    pub(crate) credentials: Option<Credentials>,
}

/// The name of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// Nobody has looked.
    NotAsked,
    /// It leads back to the client's address; in lower case.
    Confirmed(String),
    /// There is none, or none to be believed.
    Unknown,
}

/// The user and the group of the process that connected to a UNIX socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Whether a client may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// Why not, for the log: it names the rule.
    Denied(String),
}

/// The rules of a server.
#[derive(Debug)]
pub(crate) struct Rules {
    deny: Vec<Rule>,
    allow: Vec<Rule>,
    otherwise: AccessDefault,
    names: Names,
    uids: Vec<u32>,
    gids: Vec<u32>,
}

/// What is done about names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    NotAsked,
    Asked,
    /// Whoever has none is turned away.
    Required,
}

/// One value of `allow` or `deny`.
#[derive(Debug)]
struct Rule {
    pattern: PatternValue,
    for_names: bool,
}

impl Rules {
    /// The rules that the options say.
    ///
    /// # Errors
    /// Where `allow_uid` or `allow_gid` names nobody, or the databases cannot be read.
    pub(crate) fn of(options: &Options) -> Result<Self> {
        let names = match (options.double_reverse_lookups(), options.reverse_lookups()) {
            (true, _) => Names::Required,
            (false, true) => Names::Asked,
            (false, false) => Names::NotAsked,
        };
        Ok(Self {
            deny: options.deny().iter().map(Rule::new).collect(),
            allow: options.allow().iter().map(Rule::new).collect(),
            otherwise: options.access_default(),
            names,
            uids: numbers("allow_uid", options.allow_uid(), "user", account::uid_of)?,
            gids: numbers("allow_gid", options.allow_gid(), "group", account::gid_of)?,
        })
    }

    /// Whether a client's name has to be looked up before it is decided on.
    #[inline]
    pub(crate) fn needs_name(&self) -> bool {
        self.names != Names::NotAsked
    }

    /// Whether it matters who is at the other end of a UNIX socket.
    #[inline]
    pub(crate) fn ask_for_users(&self) -> bool {
        !self.uids.is_empty() || !self.gids.is_empty()
    }

    /// Says in the log what of the rules is hardly meant.
    pub(crate) fn warn(&self) {
        self.warnings().iter().for_each(|warning| log::warn!("{warning}"));
    }

    /// Whether every client may connect, whoever it is.
    #[inline]
    pub(crate) fn allow_everybody(&self) -> bool {
        self.is_empty() && !self.needs_name()
    }

    /// Whether a client may connect.
    pub(crate) fn decide(&self, facts: &Facts) -> Verdict {
        if let Some(who) = facts.credentials {
            return self.decide_on_user(who);
        }
        if self.names == Names::Required && !matches!(facts.name, Name::Confirmed(_)) {
            return denied("no confirmed name");
        }
        let Some(address) = facts.address else {
            return if self.is_empty() {
                Verdict::Allowed
            } else {
                denied("the address is unknown")
            };
        };
        if let Some(reason) = self.deny.iter().find_map(|rule| self.denies(rule, address, facts)) {
            return Verdict::Denied(reason);
        }
        let unlisted = self.deny.is_empty() && self.allow.is_empty();
        let matches = |rule: &Rule| rule.matches(address, &facts.name);
        if unlisted || self.otherwise == AccessDefault::Allow || self.allow.iter().any(matches) {
            Verdict::Allowed
        } else {
            denied("no allow matches")
        }
    }

    /// Why a rule of `deny` turns a client away, if it does.
    fn denies(&self, rule: &Rule, address: IpAddr, facts: &Facts) -> Option<String> {
        if rule.matches(address, &facts.name) {
            return Some(format!("deny {rule}"));
        }
        // Who has no name might be the very one: owners of addresses take their names away.
        let nameless = self.needs_name() && !matches!(facts.name, Name::Confirmed(_));
        (rule.for_names && nameless).then(|| format!("deny {rule}: no confirmed name"))
    }

    fn decide_on_user(&self, who: Credentials) -> Verdict {
        let Credentials { uid, gid } = who;
        let reasons =
            [("uid", uid, &self.uids), ("gid", gid, &self.gids)].map(|(what, own, list)| {
                let listed = list.contains(&own);
                (listed, (!list.is_empty()).then(|| format!("{what} {own} is not in allow_{what}")))
            });
        let reason: Vec<String> = reasons.iter().filter_map(|(_, reason)| reason.clone()).collect();
        if reason.is_empty() || reasons.iter().any(|(listed, _)| *listed) {
            Verdict::Allowed
        } else {
            denied(reason.join(", "))
        }
    }

    /// Whether there is no rule at all.
    #[inline]
    fn is_empty(&self) -> bool {
        self.deny.is_empty()
            && self.allow.is_empty()
            && self.uids.is_empty()
            && self.gids.is_empty()
    }

    /// What the log has to say of the rules at the start: what is good, and hardly meant.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let denies = self.otherwise == AccessDefault::Deny;
        if self.allow.is_empty() && !self.deny.is_empty() && denies {
            warnings.push(
                "deny without allow denies every client: add an allow, or access_default = allow"
                    .into(),
            );
        }
        if !self.allow.is_empty() && !denies {
            warnings.push("allow has no effect while access_default = allow".into());
        }
        if !self.needs_name() {
            for (list, rules) in [("deny", &self.deny), ("allow", &self.allow)] {
                let for_names = rules.iter().filter(|rule| rule.for_names);
                warnings.extend(for_names.map(|rule| {
                    format!(
                        "{list} {rule} is for names, and none is looked up: set reverse_lookups"
                    )
                }));
            }
        }
        warnings
    }
}

impl Rule {
    fn new(pattern: &PatternValue) -> Self {
        Self { for_names: is_for_names(&pattern.to_string()), pattern: pattern.clone() }
    }

    fn matches(&self, address: IpAddr, name: &Name) -> bool {
        let by_name = matches!(name, Name::Confirmed(name) if self.pattern.matches_text(name));
        by_name || self.pattern.matches_address(address)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)
    }
}

fn denied(reason: impl Into<String>) -> Verdict {
    Verdict::Denied(reason.into())
}

/// The numbers of users or groups, which `number_of` finds by their names.
fn numbers(
    option: &str,
    accounts: &[AccountValue],
    what: &str,
    number_of: impl Fn(&str) -> io::Result<Option<u32>>,
) -> Result<Vec<u32>> {
    let number = |account: &AccountValue| match account {
        AccountValue::Number(number) => Ok(*number),
        AccountValue::Name(name) => {
            let found = number_of(name)
                .map_err(|err| Error::because(format!("cannot look up the {what} {name}"), err))?;
            found.ok_or_else(|| {
                let reject = Reject::expected(format!("a {what} of this machine"), name);
                let help = format!("create the {what}, or write a number");
                OptionError::new(option, reject.with_help(help)).into()
            })
        }
    };
    accounts.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use netserver_options::{BuiltIn, Table};

    use super::*;
    use crate::options::merge::merge;
    use crate::options::set::OptionSet;
    use crate::options::source::Source;

    /// The options of some texts, each `name=value`.
    fn options<'a>(texts: impl IntoIterator<Item = &'a str>) -> Options {
        let mut set = OptionSet::new(Table::BUILT_IN, Source::Object);
        for text in texts {
            let (name, value) = text.split_once('=').unwrap();
            set.set(name, value).unwrap();
        }
        merge(&set.into_settings(), Table::BUILT_IN, Some(BuiltIn::PreFork)).unwrap().options
    }

    fn rules(texts: &str) -> Rules {
        Rules::of(&options(texts.split_whitespace())).unwrap()
    }

    fn client(address: &str, name: &str) -> Facts {
        let name = match name {
            "-" => Name::NotAsked,
            "?" => Name::Unknown,
            name => Name::Confirmed(name.replace("\\n", "\n")),
        };
        let address = (address != "-").then(|| address.parse().unwrap());
        Facts { address, name, credentials: None }
    }

    fn said(verdict: Verdict) -> String {
        match verdict {
            Verdict::Allowed => "allowed".into(),
            Verdict::Denied(reason) => reason,
        }
    }

    #[test]
    fn the_truth_table() {
        let table = include_str!("truth_table.txt");
        let mut count = 0;
        for row in table.lines().filter(|row| !row.starts_with('#')) {
            let [texts, address, name, expected] = row.split(" | ").collect::<Vec<_>>()[..] else {
                panic!("four columns: {row}");
            };
            assert_eq!(
                said(rules(texts.trim_matches('-')).decide(&client(address, name))),
                expected,
                "{row}"
            );
            count += 1;
        }
        assert!(count >= 200, "{count} rows");
    }

    #[test]
    fn clients_of_unix_sockets() {
        for (texts, uid, gid, expected) in [
            ("", 33, 33, "allowed"),
            ("deny=0.0.0.0/0 deny=.* double_reverse_lookups=on", 33, 33, "allowed"),
            ("allow_uid=33", 33, 7, "allowed"),
            ("allow_uid=33", 34, 33, "uid 34 is not in allow_uid"),
            ("allow_gid=33", 34, 33, "allowed"),
            ("allow_gid=33", 33, 34, "gid 34 is not in allow_gid"),
            ("allow_uid=33 allow_gid=7", 33, 34, "allowed"),
            ("allow_uid=33 allow_gid=7", 34, 7, "allowed"),
            (
                "allow_uid=33 allow_gid=7",
                0,
                0,
                "uid 0 is not in allow_uid, gid 0 is not in allow_gid",
            ),
            ("allow_uid=1 allow_uid=root", 0, 5, "allowed"),
            ("allow_gid=root", 5, 0, "allowed"),
        ] {
            let credentials = Some(Credentials { uid, gid });
            let facts = Facts { address: None, name: Name::NotAsked, credentials };
            assert_eq!(said(rules(texts).decide(&facts)), expected, "{texts} {uid} {gid}");
        }
        // They are for those clients alone, and nobody escapes them by being unknown.
        let by_uid = rules("allow_uid=33");
        assert_eq!(said(by_uid.decide(&client("192.0.2.1", "-"))), "allowed");
        assert_eq!(said(by_uid.decide(&client("-", "-"))), "the address is unknown");
    }

    #[test]
    fn a_user_or_a_group_that_nobody_knows_is_an_error() {
        for (option, what) in [("allow_uid", "user"), ("allow_gid", "group")] {
            let err = Rules::of(&options([format!("{option}=no-such-one").as_str()])).unwrap_err();
            assert!(err.is_option());
            let text = format!(
                "{option}: expected a {what} of this machine, got no-such-one\n  \
                 help: create the {what}, or write a number"
            );
            assert_eq!(err.to_string(), text);
        }
        let broken = |_: &str| Err(io::ErrorKind::TimedOut.into());
        let err = numbers("allow_uid", &[AccountValue::Name("ann".into())], "user", broken);
        assert_eq!(err.unwrap_err().chain(), "cannot look up the user ann: timed out");
    }

    #[test]
    fn a_name_is_looked_up_where_that_is_asked_for() {
        assert!(!rules(r"allow=.*\.example\.com").needs_name());
        assert!(rules("reverse_lookups=on").needs_name());
        assert!(rules("double_reverse_lookups=on").needs_name());
    }

    #[test]
    fn what_is_hardly_meant_is_said() {
        let deny_alone =
            "deny without allow denies every client: add an allow, or access_default = allow";
        for (texts, expected) in [
            ("", &[][..]),
            ("allow=10.0.0.0/8 deny=10.1.0.0/16", &[]),
            ("deny=10.0.0.0/8", &[deny_alone]),
            ("deny=10.0.0.0/8 access_default=allow", &[]),
            (
                "allow=10.0.0.0/8 access_default=allow",
                &["allow has no effect while access_default = allow"],
            ),
            (
                "allow=localhost deny=evil.* allow=10.0.0.1",
                &[
                    "deny evil.* is for names, and none is looked up: set reverse_lookups",
                    "allow localhost is for names, and none is looked up: set reverse_lookups",
                ],
            ),
            ("allow=localhost reverse_lookups=on", &[]),
            ("allow=localhost double_reverse_lookups=on", &[]),
        ] {
            assert_eq!(rules(texts).warnings(), expected, "{texts}");
        }
    }

    #[test]
    fn no_pattern_and_no_name_take_long() {
        let rules = rules("allow=(a+)+$ allow=(a|a)*b allow=(.*)*x reverse_lookups=on");
        let name = "a".repeat(254) + "!";
        let start = Instant::now();
        let verdict = rules.decide(&client("192.0.2.1", &name));
        assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
        assert_eq!(said(verdict), "no allow matches");
    }
}
