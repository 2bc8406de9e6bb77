//! From the settings of all sources to the effective options.
//!
//! Per option the strongest source wins, with its whole list. Then the table's rules: an option
//! must have an effect on the chosen personality, numbers must be in order, and a default gives
//! way where somebody set its neighbour.

use std::fmt;

use netserver_options::rule::{self, Rule};
use netserver_options::table::{Group, SERVER_TYPE};
use netserver_options::{BuiltIn, OptionSpec, Reject, Scope, Table};

use super::Options;
use super::args;
use super::own::{OwnOption, OwnOptions};
use super::secret::{self, Place};
use super::set::Setting;
use super::source::Source;
use crate::error::OptionError;

/// An option with the value that holds, and where that came from.
#[derive(Clone)]
pub struct Effective {
    pub(crate) spec: &'static OptionSpec,
    /// One text for a scalar, any number for a list, none where it is left out.
    pub(crate) texts: Vec<String>,
    pub(crate) source: Source,
    /// Where each text came from, of a list that somebody set.
    pub(crate) origins: Vec<Source>,
    measure: Option<u64>,
}

impl Effective {
    /// The name of the option.
    pub fn name(&self) -> &'static str {
        self.spec.name
    }

    /// The values in their usual form: one of most options, any number of one that repeats, none of
    /// one that is left out, and none of a secret, which only the server's own field has.
    pub fn values(&self) -> &[String] {
        if self.spec.secret { &[] } else { &self.texts }
    }

    /// Each text, and where it stands.
    fn written(&self) -> impl Iterator<Item = (&String, &Source)> {
        let source = |at: usize| self.origins.get(at).unwrap_or(&self.source);
        self.texts.iter().enumerate().map(move |(at, text)| (text, source(at)))
    }

    /// Its row.
    pub(crate) fn spec(&self) -> &'static OptionSpec {
        self.spec
    }

    /// The source as `--print-config` shows it: `command line`, `echo.conf:12`, `default`.
    pub fn source(&self) -> String {
        self.source.in_config()
    }
}

impl fmt::Debug for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Effective");
        shown.field("name", &self.spec.name).field("source", &self.source);
        if self.spec.secret {
            return shown.field("values", &secret::HIDDEN).finish_non_exhaustive();
        }
        shown.field("values", &self.texts).finish_non_exhaustive()
    }
}

/// The outcome for all options.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) options: Options,
    /// In the order of the table; only what has an effect.
    pub(crate) effective: Vec<Effective>,
    /// What was set and has no effect: its source is weaker than the choice of personality, or is the
    /// attribute, which has it for another one.
    pub(crate) left_out: Vec<Effective>,
    /// The personality that serves; `None` for somebody's own.
    pub(crate) personality: Option<BuiltIn>,
}

impl Merged {
    /// Holds every option that somebody has to set to it.
    pub(crate) fn hold_required(&self) -> Result<(), OptionError> {
        let is_missing = |one: &&Effective| one.spec.required && one.source == Source::Default;
        let Some(Effective { spec, .. }) = self.effective.iter().find(is_missing) else {
            return Ok(());
        };
        let help = format!("write {}", args::written(spec));
        let reject = Reject::new("has to be set").with_help(help);
        Err(OptionError::new(format!("--{}", spec.name), reject))
    }

    /// The same options, with some values of one port's own in the place of the others.
    pub(crate) fn with_own(&self, own: &[(&'static str, String)]) -> Result<Options, Reject> {
        let texts = |name: &str| {
            let own: Vec<_> = own.iter().filter(|(key, _)| *key == name).collect();
            if own.is_empty() {
                return self.find(name).map_or_else(|| beyond(name), |one| one.texts.clone());
            }
            own.into_iter().map(|(_, text)| text.clone()).collect()
        };
        Options::gather(&texts).map_err(|(_, reject)| reject)
    }

    /// Whether somebody set it.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.find(name).is_some_and(|one| one.source != Source::Default)
    }

    /// The values of an option; none of one that is left out, or that this program does not have.
    pub(crate) fn texts(&self, name: &str) -> &[String] {
        self.find(name).map_or(&[], |one| &one.texts)
    }

    /// Why a value of an option cannot be, beside the others, and where it stands.
    pub(crate) fn refuse(&self, name: &str, reject: Reject) -> OptionError {
        let source = self.find(name).map_or(&Source::Default, |one| &one.source);
        OptionError::new(source.place(name), reject)
    }

    /// Where an option stands in a conf file, if it does.
    pub(crate) fn in_conf(&self, name: &str) -> Option<String> {
        let one = self.find(name)?;
        matches!(one.source, Source::Conf { .. }).then(|| one.source.place(one.spec.name))
    }

    fn find(&self, name: &str) -> Option<&Effective> {
        self.effective.iter().find(|one| one.spec.name == name)
    }

    /// The values of the server's own options; of secrets, what is in their files.
    ///
    /// # Errors
    /// A file that cannot be read, or what is in it.
    pub(crate) fn own(&self) -> Result<OwnOptions, OptionError> {
        let own = self.effective.iter().filter(|one| one.spec.group == Group::Own);
        Ok(OwnOptions::new(own.map(own_option).collect::<Result<_, _>>()?))
    }

    /// The files that secrets are in, and where each is named.
    pub(crate) fn secret_files(&self) -> impl Iterator<Item = (&str, &Source)> {
        let secrets = self.effective.iter().filter(|one| one.spec.secret);
        let named = secrets.flat_map(Effective::written);
        named.filter_map(|(text, source)| Some((secret::file(text)?, source)))
    }

    /// The files that every image of a server reads anew, and where each is named.
    pub(crate) fn reread(&self) -> impl Iterator<Item = (&str, String)> {
        const FILES: [&str; 4] =
            ["conf_file", "ssl_cert_file", "ssl_key_file", "ssl_client_ca_file"];
        let is_read = |one: &&Effective| one.spec.secret || FILES.contains(&one.spec.name);
        self.effective.iter().filter(is_read).flat_map(|one| {
            one.written().filter_map(|(text, source)| {
                let file = if one.spec.secret { secret::file(text)? } else { text.as_str() };
                Some((file, source.place(one.spec.name)))
            })
        })
    }

    /// Secrets that others may know, each with why: once for each option. `conf` is the mode of the conf
    /// file, where that was read.
    pub(crate) fn seen_secrets(&self, conf: Option<u32>) -> impl Iterator<Item = OptionError> {
        let secrets = self.effective.iter().filter(|one| one.spec.secret);
        secrets.filter_map(move |one| {
            one.written().find_map(|(text, source)| {
                let place = match source {
                    Source::CommandLine => Place::CommandLine,
                    Source::Conf { .. } => conf.map_or(Place::Elsewhere, Place::Conf),
                    _ => Place::Elsewhere,
                };
                let reject = secret::exposure(one.spec, text, place)?;
                Some(OptionError::new(source.place(one.spec.name), reject))
            })
        })
    }
}

/// Merges `settings`, of any order, for a server that declares `declared` (`None`: its own
/// personality).
///
/// # Errors
/// Whatever somebody set that has no effect, or breaks a rule of the table: strongest source first, lines of the
/// conf file in their order.
pub(crate) fn merge(
    settings: &[Setting],
    table: Table,
    declared: Option<BuiltIn>,
) -> Result<Merged, OptionError> {
    let (personality, chosen_by) = choose(settings, declared)?;
    let set: Vec<Effective> = table.iter().filter_map(|spec| strongest(settings, spec)).collect();
    let (set, left_out): (Vec<_>, Vec<_>) =
        set.into_iter().partition(|one| one.spec.works_with(personality));
    // The attribute's are for any that it names, and were held against those. Everybody else means the one
    // that serves.
    let strong =
        |one: &&Effective| one.source != Source::Attribute && one.source.rank() <= chosen_by.rank();
    let useless = left_out.iter().filter(strong);
    let useless = personality.into_iter().flat_map(|personality| {
        useless.clone().map(move |one| (one, one.spec.out_of_scope(personality)))
    });
    hold(useless.chain(broken_rules(&set)))?;
    let effective: Vec<Effective> = table
        .iter()
        .filter(|spec| spec.works_with(personality))
        // Somebody's own personality is no choice among those that have a name.
        .filter(|spec| personality.is_some() || spec.name != SERVER_TYPE)
        .map(|spec| {
            let found = set.iter().find(|one| one.spec.name == spec.name).cloned();
            found.unwrap_or_else(|| default(spec, personality, declared, &set))
        })
        .collect();
    let options = Options::gather(&|name| {
        let found = effective.iter().find(|one| one.spec.name == name);
        found.map_or_else(|| beyond(name), |one| one.texts.clone())
    });
    // Every text was checked when it was set, and every default is checked by a test of the table.
    let options = options.map_err(|(name, reject)| {
        let found = effective.iter().find(|one| one.spec.name == name);
        let source = found.map_or(&Source::Default, |one| &one.source);
        OptionError::new(source.place(name), reject)
    })?;
    Ok(Merged { options, effective, left_out, personality })
}

/// Holds the options of an attribute against the personalities that it names: one of them has to have a
/// use for each.
///
/// # Errors
/// The first option that none of them uses.
pub(crate) fn hold_scope(attribute: &[Setting], named: Scope) -> Result<(), OptionError> {
    let useless = attribute.iter().find(|one| !one.spec.works_with.meets(named));
    useless.map_or(Ok(()), |one| {
        Err(OptionError::new(one.source.place(one.spec.name), one.spec.out_of_scope(named)))
    })
}

/// The text that wins for one scalar option, before anything is merged.
pub(crate) fn winner<'a>(settings: &'a [Setting], name: &str) -> Option<&'a Setting> {
    let named = || settings.iter().filter(|one| one.spec.name == name);
    let rank = named().map(|one| one.source.rank()).min()?;
    named().rfind(|one| one.source.rank() == rank)
}

/// The personality, and what chose it.
fn choose(
    settings: &[Setting],
    declared: Option<BuiltIn>,
) -> Result<(Option<BuiltIn>, Source), OptionError> {
    let Some(one) = winner(settings, SERVER_TYPE) else {
        return Ok((declared, Source::Attribute));
    };
    if declared.is_none() {
        let reject = Reject::new("has no effect: this server has a personality of its own");
        return Err(OptionError::new(one.source.place(SERVER_TYPE), reject));
    }
    Ok((BuiltIn::from_name(&one.text), one.source.clone()))
}

/// The occurrences that the strongest source has of an option.
fn strongest(settings: &[Setting], spec: &'static OptionSpec) -> Option<Effective> {
    let last = winner(settings, spec.name)?;
    let rank = last.source.rank();
    let same =
        settings.iter().filter(|one| one.spec.name == spec.name && one.source.rank() == rank);
    let (texts, origins) = if spec.kind.repeats {
        same.map(|one| (one.text.clone(), one.source.clone())).unzip()
    } else {
        (vec![last.text.clone()], Vec::new())
    };
    let (source, measure) = (last.source.clone(), last.measure);
    Some(Effective { spec, texts, source, origins, measure })
}

fn own_option(one: &Effective) -> Result<OwnOption, OptionError> {
    let value = |(text, source): (&String, &Source)| {
        let refuse = |reject| OptionError::new(source.place(one.spec.name), reject);
        secret::value(one.spec, text).map_err(refuse)
    };
    let texts = if one.spec.secret {
        one.written().map(value).collect::<Result<_, _>>()?
    } else {
        one.texts.clone()
    };
    Ok(OwnOption { spec: one.spec, texts, source: one.source.clone() })
}

/// Every rule, and what follows from it, between two values that somebody set.
fn broken_rules(set: &[Effective]) -> impl Iterator<Item = (&Effective, Reject)> {
    let of = |name: &str| set.iter().find(|one| one.spec.name == name);
    rule::closure().into_iter().filter_map(move |rule| {
        let (low, high) = (of(rule.low)?, of(rule.high)?);
        let (less, more) = low.measure.zip(high.measure)?;
        rule.is_broken_by(less, more).then(|| conflict(rule, low, high))
    })
}

/// The weaker source is told, as it is the stronger one that was meant.
fn conflict<'a>(rule: Rule, low: &'a Effective, high: &'a Effective) -> (&'a Effective, Reject) {
    let told_high = high.source.rank() > low.source.rank();
    let (told, other) = if told_high { (high, low) } else { (low, high) };
    let other = format!("{} ({})", other.texts.concat(), other.source.in_config());
    (told, rule.reject(told_high, &told.texts.concat(), &other))
}

/// One value breaks several rules where another follows from them; of these the first is told.
fn hold<'a>(faults: impl Iterator<Item = (&'a Effective, Reject)>) -> Result<(), OptionError> {
    let mut all: Vec<(&Effective, Reject)> = Vec::new();
    for (one, reject) in faults {
        if !all.iter().any(|(other, _)| other.spec.name == one.spec.name) {
            all.push((one, reject));
        }
    }
    all.sort_by_key(|(one, _)| one.source.order());
    OptionError::hold(all.into_iter().map(|(one, reject)| refuse(one, reject)))
}

fn refuse(one: &Effective, reject: Reject) -> OptionError {
    OptionError::new(one.source.place(one.spec.name), reject)
}

/// The default of an option, where need be in a form that goes with what is set.
fn default(
    spec: &'static OptionSpec,
    personality: Option<BuiltIn>,
    declared: Option<BuiltIn>,
    set: &[Effective],
) -> Effective {
    let origins = Vec::new();
    if let (SERVER_TYPE, Some(declared)) = (spec.name, declared) {
        // Whoever wrote it has set it: here nobody did.
        let texts = vec![declared.name().to_owned()];
        return Effective { spec, texts, source: Source::Default, origins, measure: None };
    }
    let texts = spec.defaults_for(personality);
    let readings: Vec<_> = texts.iter().filter_map(|text| spec.check(text).ok()).collect();
    let measure = readings.first().and_then(|reading| reading.measure);
    let of = |name: &str| set.iter().find(|one| one.spec.name == name).and_then(|one| one.measure);
    let given_way = measure.map(|value| (value, rule::give_way(spec.name, value, of)));
    let texts = match given_way {
        // Rules are between counts, whose text is their number.
        Some((value, other)) if value != other => vec![other.to_string()],
        _ => readings.into_iter().map(|reading| reading.canonical).collect(),
    };
    Effective { spec, texts, source: Source::Default, origins, measure }
}

/// The value of an option that has no effect: it is never looked at, and must be of its type.
fn beyond(name: &str) -> Vec<String> {
    let spec = netserver_options::find(name);
    let texts = spec.map(|spec| spec.defaults_for(None)).unwrap_or_default();
    texts.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::set::OptionSet;
    use super::*;

    fn settings(from: &[(Source, &str, &str)]) -> Vec<Setting> {
        let mut set = OptionSet::new(Table::BUILT_IN, Source::Default);
        for (source, name, text) in from {
            set.push(name, text, source.clone()).unwrap();
        }
        set.into_settings()
    }

    fn merged(from: &[(Source, &str, &str)]) -> Result<Merged, OptionError> {
        merge(&settings(from), Table::BUILT_IN, Some(BuiltIn::PreFork))
    }

    fn conf(line: usize) -> Source {
        Source::Conf { file: "t.conf".into(), line }
    }

    #[test]
    fn the_strongest_source_wins_with_its_whole_list() {
        let merged = merged(&[
            (Source::Attribute, "port", "1"),
            (Source::CommandLine, "port", "2"),
            (Source::CommandLine, "port", "3"),
            (conf(1), "port", "4"),
        ])
        .unwrap();
        let port = merged.effective.iter().find(|one| one.spec.name == "port").unwrap();
        assert_eq!(port.texts, ["2", "3"]);
        assert_eq!(port.source, Source::CommandLine);
        assert_eq!(merged.options.port().len(), 2);
    }

    #[test]
    fn the_last_of_a_source_wins_for_a_scalar() {
        let merged = merged(&[(conf(1), "listen", "5"), (conf(2), "listen", "6")]).unwrap();
        assert_eq!(merged.options.listen(), 6);
    }

    #[test]
    fn defaults_give_way_and_set_values_do_not() {
        let few = merged(&[(Source::CommandLine, "max_servers", "1")]).unwrap().options;
        assert_eq!((few.min_servers(), few.max_servers()), (1, 1));
        assert_eq!((few.min_spare_servers(), few.max_spare_servers()), (0, 0));
        let err =
            merged(&[(Source::CommandLine, "max_servers", "4"), (conf(7), "min_servers", "5")])
                .unwrap_err();
        assert_eq!(
            err.to_string(),
            "t.conf:7: min_servers: expected at most `max_servers`, which is 4 (command line), got 5"
        );
        let err = merged(&[
            (Source::CommandLine, "max_servers", "8"),
            (Source::Attribute, "min_spare_servers", "8"),
        ])
        .unwrap_err();
        assert!(
            err.to_string().starts_with("attribute: min_spare_servers: expected less than"),
            "{err}"
        );
    }

    #[test]
    fn a_personality_that_nobody_wrote_is_a_default() {
        let server_type = |from: &[(Source, &str, &str)]| {
            let merged = merged(from).unwrap();
            let one = merged.effective.into_iter().find(|one| one.spec.name == SERVER_TYPE);
            one.map(|one| (one.texts.concat(), one.source)).unwrap()
        };
        assert_eq!(server_type(&[]), ("prefork".into(), Source::Default));
        let written = (Source::Attribute, SERVER_TYPE, "prefork");
        assert_eq!(server_type(&[written]), ("prefork".into(), Source::Attribute));
    }

    #[test]
    fn a_text_that_its_type_refuses_has_its_source() {
        let mut settings = settings(&[(Source::RunArguments, "listen", "5")]);
        settings[0].text = "many".into();
        let err = merge(&settings, Table::BUILT_IN, Some(BuiltIn::Single)).unwrap_err();
        assert_eq!(err.to_string(), "run arguments: listen: expected a whole number, got many");
    }

    #[test]
    fn an_option_without_effect_is_an_error_or_left_out() {
        let single = |from: &[(Source, &str, &str)]| {
            merge(&settings(from), Table::BUILT_IN, Some(BuiltIn::Single))
        };
        let err = single(&[(Source::CommandLine, "max_servers", "4")]).unwrap_err();
        assert!(
            err.to_string().starts_with("--max_servers: has no effect with personality `single`")
        );
        let chosen = merged(&[
            (Source::CommandLine, SERVER_TYPE, "single"),
            (Source::Attribute, "max_servers", "4"),
        ])
        .unwrap();
        assert_eq!(chosen.personality, Some(BuiltIn::Single));
        assert_eq!(chosen.left_out.len(), 1);
        assert!(chosen.effective.iter().all(|one| one.spec.name != "max_servers"));
    }

    #[test]
    fn an_option_of_the_attribute_may_be_for_another_personality() {
        let single = |from: &[(Source, &str, &str)]| {
            let few = (Source::Attribute, "max_servers", "4");
            let from: Vec<_> = from.iter().cloned().chain([few]).collect();
            merge(&settings(&from), Table::BUILT_IN, Some(BuiltIn::Single))
        };
        // Nobody chose, the first of a list did, or whoever started it.
        let by = |source| [(source, SERVER_TYPE, "single")];
        for chosen in [&[][..], &by(Source::Attribute), &by(Source::CommandLine)] {
            let merged = single(chosen).unwrap();
            assert_eq!(merged.personality, Some(BuiltIn::Single));
            assert_eq!(merged.left_out.len(), 1);
            assert_eq!(merged.left_out[0].texts, ["4"]);
        }
        let merged = single(&[(conf(1), SERVER_TYPE, "prefork")]).unwrap();
        assert_eq!((merged.options.max_servers(), merged.left_out.len()), (4, 0));
        for source in [Source::ConfigureHook, conf(1), Source::RunArguments, Source::Object] {
            let err = single(&[(source, "min_servers", "1")]).unwrap_err();
            assert!(err.to_string().contains("min_servers: has no effect"), "{err}");
        }
    }

    #[test]
    fn an_option_of_the_attribute_is_for_one_that_it_names() {
        use BuiltIn::{Fork, Inet, PreFork, PreForkSimple, Single};
        let cases: [(&str, &[BuiltIn], &str); 8] = [
            ("max_servers", &[Single], "`single`"),
            ("max_servers", &[Single, Inet], "`single` or `inet`"),
            ("max_servers", &[Single, PreFork], ""),
            ("min_servers", &[Fork, PreForkSimple], "`fork` or `prefork_simple`"),
            ("min_servers", BuiltIn::ALL, ""),
            ("port", &[Inet], "`inet`"),
            ("port", &[Inet, Single], ""),
            ("log_level", &[Inet], ""),
        ];
        for (name, named, told) in cases {
            let scope = named.iter().copied().map(Scope::of).reduce(Scope::or).unwrap();
            let held = hold_scope(&settings(&[(Source::Attribute, name, "4")]), scope);
            let said = held.map_or_else(|err| err.to_string(), |()| String::new());
            let fault = format!("attribute: {name}: has no effect with personality {told}");
            let fault = if told.is_empty() { "" } else { &fault };
            assert_eq!(said.lines().next().unwrap_or_default(), fault, "{name} {named:?}");
        }
    }
}
