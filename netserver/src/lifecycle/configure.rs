//! From everything that is given to a server that knows its options, or to an answer.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use netserver_options::command::Command;
use netserver_options::table::SERVER_TYPE;
use netserver_options::{BuiltIn, OptionSpec, Reject, Scope, Table, own};

use super::logging;
use super::phase::Configured;
use super::privileges::{self, ConfFile, Privileges};
use super::uncalled;
use crate::access::Rules;
use crate::declared::{Declaration, Declared};
use crate::error::{Error, OptionError, Result};
use crate::guard;
use crate::handler::Hooks;
use crate::identity::Identity;
use crate::info::ServerInfo;
use crate::listener;
use crate::options::environment::{self, Environment};
use crate::options::help::Help;
#[cfg(feature = "manual")]
use crate::options::manual;
use crate::options::merge::{Merged, hold_scope, merge, winner};
use crate::options::own::OwnOptions;
use crate::options::set::{OptionSet, Setting, Texts};
use crate::options::source::Source;
use crate::options::unit::Unit;
use crate::options::{args, conf, print};
use crate::personality::Personality;
use crate::pid_file::PidFile;
use crate::proto::{self, Endpoint, Factory};
use crate::started::Started;
use crate::stdio;

/// What the program and its caller give.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) program: String,
    /// Options set on the server object.
    pub(crate) object: Vec<(String, Texts)>,
    /// The words of the command line behind the program's name.
    pub(crate) words: Vec<OsString>,
    /// The arguments of `run_with`.
    pub(crate) arguments: Vec<(String, Texts)>,
    /// Whether a service manager is to be told when the server serves.
    pub(crate) managed: bool,
    /// How the program was started.
    pub(crate) started: std::io::Result<Started>,
    /// What its conf file is to be, and not what stands there now.
    pub(crate) conf: Option<OwnedFd>,
    /// Whether this is a trial run: nothing is claimed, and nothing is written to the log.
    pub(crate) trial: bool,
    /// The pid file that the server has already.
    pub(crate) pid_file: Option<PathBuf>,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum Configuration {
    /// A server that may bind.
    Serve(Box<Configured>, OwnOptions),
    /// The caller asked something and has the answer.
    Answered,
}

/// Reads every source, weakest last but for the `configure_hook`, which the manual puts first.
///
/// # Errors
/// The first thing in any source that is refused, or a hook that fails.
pub(crate) fn configure<S>(mut given: Given) -> Result<Configuration>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    let declared = S::Personality::BUILT_IN;
    let declaration = S::declaration();
    hold_own(declaration.own)?;
    let table = Table::with(declaration.own);
    // Before any hook can change it.
    let environment = from_environment(table, &declaration)?;
    let mut settings = from_hook::<S>(table)?;
    let line = args::read(std::mem::take(&mut given.words), table, declaration.unknown)?;
    settings.extend(line.settings.into_iter().chain(environment.settings));
    settings.extend(from_program(table, &given, &declaration, declared)?);
    match line.command {
        Some(command) if command == Command::Help || command.is_manual() => {
            let of = |help: &Help<'_>| manual(command, help, declaration.version);
            return help(&given.program, &declaration, declared, &settings, of);
        }
        Some(Command::Version) => {
            return answer(&format!("{} {}\n", given.program, declaration.version));
        }
        _ => {}
    }
    let conf_file = read_conf(&mut settings, table, given.conf)?;
    let merged = merged::<S>(&settings, table, &declaration)?;
    let inherited = merged.personality == Some(BuiltIn::Inet);
    if line.command.is_none() {
        prepare(&merged, given.managed)?;
    }
    let starts = matches!(line.command, None | Some(Command::Check));
    let identity = if starts { privileges::begin(&merged)? } else { Identity::default() };
    logging::open::<S>(&given.program, &merged, identity.user, line.command, given.trial)?;
    // Its one client is there already.
    let endpoints = if inherited { Vec::new() } else { proto::endpoints(&merged)? };
    let rules = Rules::of(&merged.options)?;
    if starts {
        warn::<S>(&merged, &endpoints, &rules, declaration.proto);
        warn_of_sources(&merged, conf_file.as_ref(), &environment.strange)?;
    }
    match line.command {
        None => {
            if given.trial {
                check(&merged, &endpoints, declaration.proto, given.pid_file.as_deref())?;
            }
            let privileges = Privileges::of(&merged, identity, conf_file.as_ref())?;
            let name = merged.personality.map_or("custom", BuiltIn::name);
            let (personality, values) = (merged.personality, merged.own()?);
            let info = ServerInfo::new(given.program, name, merged, rules, line.rest);
            let before = (given.started, conf_file.map(|file| file.bytes));
            let proto = declaration.proto;
            let configured =
                Configured::new(info, endpoints, proto, personality, privileges, before);
            Ok(Configuration::Serve(Box::new(configured), values))
        }
        Some(Command::Check) => {
            Privileges::of(&merged, identity, conf_file.as_ref())?;
            check(&merged, &endpoints, declaration.proto, None)?;
            merged.own()?;
            answer(&format!("{}: options are valid\n", given.program))
        }
        Some(Command::PrintUnit) => {
            answer(&unit(&declaration, &settings, &line.rest, &merged, &endpoints)?)
        }
        Some(command) => answer(&report(command, &given.program, &merged, &endpoints)),
    }
}

/// What a server that is to run does first, or must not do.
fn prepare(merged: &Merged, managed: bool) -> Result<()> {
    if merged.personality == Some(BuiltIn::Inet) {
        stdio::spare_the_client().map_err(|err| Error::because("standard error", err))?;
    }
    if managed {
        refuse_launcher(merged)?;
    }
    Ok(())
}

/// Tells what would be wrong with what a start makes, and makes nothing.
fn check(
    merged: &Merged,
    endpoints: &[Endpoint],
    own: Option<Factory>,
    pid_file: Option<&Path>,
) -> Result<()> {
    listener::check(endpoints, own)?;
    let is_another = |path: &&PathBuf| std::path::absolute(path).ok().as_deref() != pid_file;
    let asked = merged.options.pid_file().filter(is_another);
    asked.map_or(Ok(()), |path| PidFile::check(path))
}

/// Says what may not have been meant.
fn warn<S: Hooks>(merged: &Merged, endpoints: &[Endpoint], rules: &Rules, own: Option<Factory>) {
    rules.warn();
    if merged.personality != Some(BuiltIn::Inet) {
        proto::warn_of_idle(merged, endpoints, own);
    }
    uncalled::say(S::WRITTEN.unwrap_or_default(), merged);
    if cfg!(panic = "abort") {
        warn_of_aborts(merged);
    }
}

/// Says what of the sources is hardly meant.
///
/// # Errors
/// A secret that others may know, with `strict`.
fn warn_of_sources(
    merged: &Merged,
    conf: Option<&ConfFile>,
    strange: &[String],
) -> Result<(), OptionError> {
    for seen in merged.seen_secrets(conf.map(|conf| conf.opened.mode())) {
        if merged.options.strict() {
            return Err(seen);
        }
        log::warn!("{}", seen.to_string().replace("\n  help: ", "; "));
    }
    if !strange.is_empty() {
        log::warn!("in the environment, but no options: {}", strange.join(", "));
    }
    Ok(())
}

/// Where a panic cannot be caught it ends its process, and with it whoever else is served there.
fn warn_of_aborts(merged: &Merged) {
    let what = match merged.personality {
        Some(BuiltIn::Single) => "the server",
        Some(BuiltIn::Multiplex | BuiltIn::Thread) => "every connection",
        _ => return,
    };
    log::warn!("built with panic = \"abort\": a panic of a handler ends {what}");
}

/// A service manager that is to be told when the server serves knows the process that it has started, and
/// no other.
fn refuse_launcher(merged: &Merged) -> Result<(), OptionError> {
    let options = &merged.options;
    let asked = [("background", options.background()), ("setsid", options.setsid())];
    let asked = asked.into_iter().find(|(_, asked)| *asked);
    let Some((name, _)) = asked else { return Ok(()) };
    let fault = "cannot go to the background under a service manager that waits for this process \
                 (NOTIFY_SOCKET is set)";
    let help = "remove it: the service manager has the server in the background already";
    Err(merged.refuse(name, Reject::new(fault).with_help(help)))
}

/// Adds what the conf file says, where one is named, and tells what file it was.
fn read_conf(
    settings: &mut Vec<Setting>,
    table: Table,
    instead: Option<OwnedFd>,
) -> Result<Option<ConfFile>> {
    let Some(named) = winner(settings, "conf_file").cloned() else { return Ok(None) };
    let conf::Read { settings: found, bytes, opened } = conf::read(&named, table, instead)?;
    settings.extend(found);
    Ok(Some(ConfFile { name: named.text, bytes, opened }))
}

/// The options as they hold, where the personality that was chosen can serve this program: some serve only who
/// is made for them.
fn merged<S>(
    settings: &[Setting],
    table: Table,
    declaration: &Declaration,
) -> Result<Merged, OptionError>
where
    S: Declared,
    S::Personality: Personality<S>,
{
    let merged = merge(settings, table, S::Personality::BUILT_IN)?;
    hold_served::<S>(&merged)?;
    if merged.personality == Some(BuiltIn::Multiplex) && declaration.proto.is_some() {
        let fault =
            "what this program's own protocol says first would keep all other clients waiting";
        let help = "`multiplex` takes the protocols that come with netserver";
        return Err(merged.refuse(SERVER_TYPE, Reject::new(fault).with_help(help)));
    }
    merged.hold_required()?;
    Ok(merged)
}

fn hold_served<S>(merged: &Merged) -> Result<(), OptionError>
where
    S: Declared,
    S::Personality: Personality<S>,
{
    let declared = S::Personality::BUILT_IN;
    let other = merged.personality.filter(|one| Some(*one) != declared);
    let Some(other) = other.filter(|one| !S::Personality::serves(*one)) else { return Ok(()) };
    let served = |one: &&BuiltIn| Some(**one) == declared || S::Personality::serves(**one);
    let served = BuiltIn::ALL.iter().filter(served).map(|one| Scope::of(*one)).reduce(Scope::or);
    let fault = format!("this program has nothing that `{}` could serve", other.name());
    let help = format!("it is made for {}", served.map(Scope::names).unwrap_or_default());
    Err(merged.refuse(SERVER_TYPE, Reject::new(fault).with_help(help)))
}

/// A server's own options are the program's fault, and told whoever starts it.
fn hold_own(rows: &'static [OptionSpec]) -> Result<(), OptionError> {
    let refuse = |source: Source| {
        move |(name, reject): (&str, Reject)| OptionError::new(source.place(name), reject)
    };
    own::names(rows).map_err(refuse(Source::Attribute))?;
    own::defaults(rows).map_err(refuse(Source::Default))
}

fn from_environment(table: Table, declaration: &Declaration) -> Result<Environment, OptionError> {
    let Some(prefix) = declaration.env_prefix else { return Ok(Environment::default()) };
    environment::hold_prefix(prefix)?;
    environment::read(std::env::vars_os(), prefix, table)
}

fn from_hook<S: Hooks>(table: Table) -> Result<Vec<Setting>> {
    let mut set = OptionSet::new(table, Source::ConfigureHook);
    match guard::run(|| S::configure_hook(&mut set)) {
        Ok(()) => Ok(set.into_settings()),
        Err(failure) => Err(failure.of("configure_hook")),
    }
}

/// What the program itself has set: its object, its arguments and its attribute.
fn from_program(
    table: Table,
    given: &Given,
    declaration: &Declaration,
    declared: Option<BuiltIn>,
) -> Result<Vec<Setting>> {
    let mut settings = from_pairs(table, Source::Object, &given.object)?;
    settings.extend(from_pairs(table, Source::RunArguments, &given.arguments)?);
    settings.extend(from_declaration(table, declaration, declared)?);
    Ok(settings)
}

/// The personality, where somebody wrote it, and the options. Who declares by hand had no compiler to
/// tell that nobody uses one.
fn from_declaration(
    table: Table,
    declaration: &Declaration,
    declared: Option<BuiltIn>,
) -> Result<Vec<Setting>> {
    let mut set = OptionSet::new(table, Source::Attribute);
    if let Some(written) = declared.filter(|_| !declaration.personality_by_default) {
        set.set(SERVER_TYPE, written.name())?;
    }
    let mut settings = set.into_settings();
    settings.extend(from_pairs(table, Source::Attribute, &declaration.options)?);
    if let Some(first) = declared {
        let named = declaration.scope(first);
        let named = named
            .map_err(|reject| OptionError::new(Source::Attribute.place("personality"), reject))?;
        hold_scope(&settings, named)?;
    }
    Ok(settings)
}

fn from_pairs(
    table: Table,
    source: Source,
    pairs: &[(impl AsRef<str>, Texts)],
) -> Result<Vec<Setting>> {
    let mut set = OptionSet::new(table, source);
    for (name, value) in pairs {
        set.set(name.as_ref(), value.clone())?;
    }
    Ok(set.into_settings())
}

/// The unit that starts this program as it was started.
fn unit(
    declaration: &Declaration,
    settings: &[Setting],
    rest: &[OsString],
    merged: &Merged,
    endpoints: &[Endpoint],
) -> Result<String> {
    let cannot = |what: &str| {
        let what = format!("cannot find {what}");
        move |err| Error::because(what, err)
    };
    let program = std::env::current_exe().map_err(cannot("the file of this program"))?;
    let folder = std::env::current_dir().map_err(cannot("the working directory"))?;
    let listen: Vec<_> = endpoints.iter().map(Endpoint::record).collect();
    let unit = Unit {
        program: &program,
        folder: &folder,
        about: declaration.about,
        settings,
        rest,
        merged,
        listen: &listen,
        tells: cfg!(feature = "systemd"),
    };
    Ok(unit.text())
}

fn report(command: Command, program: &str, merged: &Merged, endpoints: &[Endpoint]) -> String {
    match command {
        Command::PrintConfig => print::as_conf(merged),
        Command::PrintConfigJson => {
            let listen: Vec<_> = endpoints.iter().map(Endpoint::record).collect();
            print::as_json(merged, &listen)
        }
        _ => format!("{program}: options are valid\n"),
    }
}

/// The defaults in the help are what holds for this server: its attribute's, be it for another
/// personality, then the table's.
fn help(
    program: &str,
    declaration: &Declaration,
    declared: Option<BuiltIn>,
    settings: &[Setting],
    of: impl FnOnce(&Help<'_>) -> Result<String>,
) -> Result<Configuration> {
    let own: Vec<Setting> = settings
        .iter()
        .filter(|one| one.source.rank() >= Source::ConfigureHook.rank())
        .cloned()
        .collect();
    let table = Table::with(declaration.own);
    let merged = merge(&own, table, declared)?;
    let default_of = |spec: &OptionSpec| {
        let mut all = merged.effective.iter().chain(&merged.left_out);
        let found = all.find(|one| one.spec.name == spec.name);
        let texts = found.map_or_else(
            || spec.default_in_words(str::to_owned).replace('`', ""),
            // A secret is shown nowhere, whoever has set it.
            |one| one.values().join(", "),
        );
        (!texts.is_empty()).then_some(texts)
    };
    let help = Help {
        program,
        about: declaration.about,
        table,
        declared,
        env_prefix: declaration.env_prefix,
        default_of: Box::new(default_of),
    };
    answer(&of(&help)?)
}

/// The page or the script that is asked for; `--help` of any other question.
#[cfg(feature = "manual")]
fn manual(command: Command, help: &Help<'_>, version: &str) -> Result<String> {
    match command {
        Command::PrintMan => {
            manual::page(help, version).map_err(|err| Error::because("cannot write the page", err))
        }
        Command::PrintCompletions(shell) => {
            let refuse = |reject| OptionError::new("--print-completions", reject);
            Ok(manual::completions(help, shell).map_err(refuse)?)
        }
        _ => Ok(help.text()),
    }
}

/// Without the feature there is nobody to write them.
#[cfg(not(feature = "manual"))]
fn manual(command: Command, help: &Help<'_>, _: &str) -> Result<String> {
    let asked = match command {
        Command::PrintMan => "--print-man",
        Command::PrintCompletions(_) => "--print-completions",
        _ => return Ok(help.text()),
    };
    let reject = Reject::new("this program was built without netserver's feature `manual`");
    Err(OptionError::new(asked, reject).into())
}

/// Prints what was asked for.
fn answer(text: &str) -> Result<Configuration> {
    let mut out = std::io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        // Whoever reads has seen enough.
        Err(err) if err.kind() == std::io::ErrorKind::BrokenPipe => {}
        printed => printed.map_err(|err| Error::because("cannot write to standard output", err))?,
    }
    Ok(Configuration::Answered)
}
