//! The life of a server, in the manual's order.
//!
//! Each phase is a value that the next one consumes: [`Configured`] knows its options, [`Bound`] has
//! its listeners and the privileges of the start, [`Secured`](secure::Secured) the privileges it keeps, and
//! [`Running`](crate::personality::Running) is what a personality serves. A server that binds after
//! it gave up its privileges does not compile.

mod configure;
mod logging;
mod managed;
mod phase;
mod privileges;
mod rereads;
mod secure;
mod uncalled;

pub(crate) use configure::{Configuration, Given, configure};

use netserver_options::BuiltIn;

use self::phase::Configured;
use crate::declared::Declared;
use crate::error::{Error, Result};
use crate::fatal;
use crate::guard;
use crate::handler::Hooks;
use crate::handover::{self, Handover};
use crate::listener::Listener;
use crate::options::own::OwnOptions;
use crate::personality::{Personality, Stop};
use crate::started::Started;
use crate::sys::{manager, signal};
use crate::trial;
use crate::way_back;

/// Configure, bind, serve, close: the whole of a server.
///
/// # Errors
/// Whatever ends the start, or serving.
pub(crate) fn run<S>(build: impl FnOnce(&OwnOptions) -> Result<S>, mut given: Given) -> Result<Stop>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    // Before anybody but the program itself can have started a thread.
    let handed = handover::take();
    let program = handed.handover.as_ref().ok().and_then(|handed| handed.as_ref()?.program.clone());
    given.started = Started::record(program, &handover::NAMES);
    let manager = manager::take();
    guard::install();
    let (words, mut handed) = (handed.words, handed.handover?);
    if let Some(word) = handed.as_mut().and_then(|handed| handed.trial.take()) {
        given.trial = true;
        given.pid_file =
            handed.as_ref().and_then(|handed| Some(handed.pid_file.as_ref()?.1.clone()));
        trial::answer(&word, try_out::<S>(build, given, handed));
    }
    given.conf = handed.as_mut().and_then(|handed| handed.conf.take());
    if let (Some(handed), Ok(started)) = (&handed, &given.started) {
        way_back::open(handed, started);
    }
    // Before any code of the server's own: what comes from here on ends nothing unseen.
    let _signals = signal::install(handed.is_some())?;
    let configured = configure::<S>(given).and_then(|configuration| match configuration {
        Configuration::Serve(configured, own) => Ok(Some((configured, build(&own)?))),
        Configuration::Answered => Ok(None),
    });
    let Some((configured, mut server)) = configured.inspect_err(way_back::go)? else {
        return Ok(Stop::AsAsked);
    };
    words.tell();
    let configured = configured.under(manager).and_then(|configured| configured.after(handed));
    let outcome = configured.and_then(|configured| flow(configured, &mut server));
    let outcome = guard::take_fatal().map_or(outcome, Err);
    outcome.inspect_err(|err| {
        way_back::go(err);
        fatal::tell(&mut server, err);
    })
}

/// Whether a server would come of all this: as far as that can be found out beside the one that runs. No
/// hook but the first is called, as what they open that one has.
fn try_out<S>(
    build: impl FnOnce(&OwnOptions) -> Result<S>,
    given: Given,
    handed: Option<Handover>,
) -> Result<(Vec<Listener>, &'static str)>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    let Configuration::Serve(configured, own) = configure::<S>(given)? else {
        return Err(Error::new("its command line asks something, and starts no server"));
    };
    if configured.personality == Some(BuiltIn::Inet) {
        return Err(Error::new("inet serves one client on standard input, and no listeners"));
    }
    secure::check(&configured.privileges)?;
    // Its end is for the real one to see.
    std::mem::forget(build(&own)?);
    let personality = configured.info.personality();
    Ok((configured.after(handed)?.bind_others()?, personality))
}

/// From the options to the end, each phase from the one before.
fn flow<S>(configured: Configured, server: &mut S) -> Result<Stop>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    let bound = configured.post_configure(server)?.bind(server)?.background()?;
    bound.post_bind(server)?.pre_loop(server)?.serve(server)
}
