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
mod secure;
mod uncalled;

pub(crate) use configure::{Configuration, Given, configure};

use self::phase::Configured;
use crate::declared::Declared;
use crate::error::Result;
use crate::fatal;
use crate::guard;
use crate::handler::Hooks;
use crate::options::own::OwnOptions;
use crate::personality::{Personality, Stop};
use crate::sys::{manager, signal};

/// Configure, bind, serve, close: the whole of a server.
///
/// # Errors
/// Whatever ends the start, or serving.
pub(crate) fn run<S>(build: impl FnOnce(&OwnOptions) -> Result<S>, given: Given) -> Result<Stop>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    // Before anybody but the program itself can have started a thread.
    let manager = manager::take();
    guard::install();
    // Before any code of the server's own: what comes from here on ends nothing unseen.
    let _signals = signal::install()?;
    let (configured, own) = match configure::<S>(given)? {
        Configuration::Serve(configured, own) => (configured, own),
        Configuration::Answered => return Ok(Stop::AsAsked),
    };
    let mut server = build(&own)?;
    let outcome = configured.under(manager).and_then(|configured| flow(configured, &mut server));
    let outcome = guard::take_fatal().map_or(outcome, Err);
    outcome.inspect_err(|err| fatal::tell(&mut server, err))
}

/// From the options to the end, each phase from the one before.
fn flow<S>(configured: Configured, server: &mut S) -> Result<Stop>
where
    S: Declared + Hooks,
    S::Personality: Personality<S>,
{
    let bound = configured.post_configure(server)?.bind()?.background()?;
    bound.post_bind(server)?.pre_loop(server)?.serve(server)
}
