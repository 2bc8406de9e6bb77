//! `inet`: standard input is the one client.

use netserver_options::BuiltIn;

use super::{Personality, Running, Stop, serve_net_server};
use crate::acceptor::Arrival;
use crate::buffer::Buffers;
use crate::error::{Error, Result};
use crate::handler::NetServer;
use crate::listener::Spoken;
use crate::proto::{Inherited, Proto};
use crate::seat::Alone;
use crate::serve::{Terms, serve_connection};
use crate::sys::signal;

/// One process for one client, which is its standard input and output: for inetd, for systemd's
/// `Accept=yes`, and for programs that start others on a connection. It binds nothing.
#[derive(Debug)]
pub struct Inet;

impl<S: NetServer> Personality<S> for Inet {
    const BUILT_IN: Option<BuiltIn> = Some(BuiltIn::Inet);

    fn serve(server: &mut S, running: Running) -> Result<Stop> {
        let outcome = serve_standard_input(server, &running);
        running.close(server);
        outcome.map(|()| Stop::AsAsked)
    }

    fn serves(other: BuiltIn) -> bool {
        !other.is_particular()
    }

    fn serve_as(other: BuiltIn, server: &mut S, running: Running) -> Result<Stop> {
        serve_net_server(other, server, running)
    }
}

fn serve_standard_input<S: NetServer>(server: &mut S, running: &Running) -> Result<()> {
    let info = running.info();
    signal::become_alone(info.stop_timing());
    let (proto, accepted) = Inherited::take(info.options())
        .map_err(|err| Error::because("cannot serve standard input", err))?;
    let terms = Terms::of(info);
    terms.begin()?;
    signal::ignore_pipe()?;
    info.ready_alone()?;
    let name = proto.name();
    let spoken = Spoken { proto: Box::new(proto), name, plain: true, client_first: false };
    let arrival = Arrival { spoken: &spoken, accepted, since: None };
    serve_connection(server, &terms, &mut Alone(|| false), arrival, Buffers::default());
    signal::end_timing();
    Ok(())
}
