//! The log, from the options that it is to be made by.

use std::path::Path;

use netserver_options::command::Command;
use netserver_options::kind::{LogFileValue, LogsockValue};

use crate::error::{Error, Result};
use crate::guard;
use crate::handler::Hooks;
use crate::logger::{self, Place, Setup, Syslog};
use crate::options::Options;
use crate::options::merge::Merged;
use crate::options::source::Source;

const HOOK: &str = "write_to_log_hook";

/// Opens the log of a server that is to become `user`. Whoever only asks something has standard error, and with
/// `--check`, and in a trial run, learns what would be wrong with another log.
///
/// # Errors
/// Where the log cannot be what it is to be.
pub(super) fn open<S: Hooks>(
    program: &str,
    merged: &Merged,
    user: Option<u32>,
    command: Option<Command>,
    trial: bool,
) -> Result<()> {
    let options = &merged.options;
    let level = options.log_level();
    let serves = command.is_none() && !trial;
    let to = if serves { place(options) } else { Place::Stderr };
    let has_hook = S::WRITTEN.is_none_or(|all| all.contains(&HOOK));
    let hook: Option<logger::Hook> = if serves && has_hook { Some(ask::<S>) } else { None };
    logger::init(&Setup { program, level, to, user, hook })?;
    if command == Some(Command::Check) || trial {
        logger::check(&place(options), user)?;
    }
    if matches!(command, None | Some(Command::Check)) {
        warn_of_idle(merged);
    }
    Ok(())
}

fn place(options: &Options) -> Place {
    match options.log_file() {
        None | Some(LogFileValue::Stderr) => Place::Stderr,
        Some(LogFileValue::Path(path)) => Place::File(path.clone()),
        Some(LogFileValue::Syslog) => Place::Syslog(Syslog {
            ident: options.syslog_ident().to_owned(),
            facility: options.syslog_facility().number(),
            words: options.syslog_logopt(),
            socket: options.syslog_logsock().clone(),
        }),
    }
}

/// Asks the server's own hook whether a record is to be written. Where that fails it is, and why it failed
/// is told.
fn ask<S: Hooks>(level: u32, message: &str) -> bool {
    match guard::run(|| S::write_to_log_hook(level, message)) {
        Ok(wanted) => wanted,
        Err(failure) => {
            // It is not asked of this one.
            let failed: Result<(), Error> = Err(failure.of(HOOK));
            if let Err(err) = failed {
                log::warn!("{}", err.chain());
            }
            true
        }
    }
}

/// Says which options of syslog somebody has set for nothing.
fn warn_of_idle(merged: &Merged) {
    if merged.options.log_file() == Some(&LogFileValue::Syslog) {
        return warn_of_syslog_outside(&merged.options);
    }
    let set = merged.effective.iter().filter(|one| one.source != Source::Default);
    let idle = set.filter(|one| one.spec.name.starts_with("syslog_"));
    let names: Vec<_> = idle.map(|one| one.source.place(one.spec.name)).collect();
    if !names.is_empty() {
        log::warn!("{}: no effect without log_file = Sys::Syslog", names.join(", "));
    }
}

/// Says that a daemon whose socket is not in the new root is lost for the log once it is started anew.
fn warn_of_syslog_outside(options: &Options) {
    let path = match options.syslog_logsock() {
        LogsockValue::Unix | LogsockValue::Stream => Path::new(logger::SYSLOG_SOCKET),
        LogsockValue::Path(path) => path,
        LogsockValue::Udp | LogsockValue::Tcp => return,
    };
    let Some(root) = options.chroot() else { return };
    let inside = root.join(path.strip_prefix("/").unwrap_or(path));
    if !inside.exists() {
        log::warn!(
            "behind chroot a syslog daemon that is started anew is not found again: have it listen at {}, too, \
             or set syslog_logsock = udp",
            inside.display()
        );
    }
}
