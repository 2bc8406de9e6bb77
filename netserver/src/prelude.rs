//! What most servers use: `use netserver::prelude::*;`.

pub use std::io::{self, BufRead, Read, Write};
pub use std::process::ExitCode;

pub use crate::{
    AnyError, Child, ChildEnd, ChildKind, ConnId, Connection, Input, Message, Mux, OptionSet,
    OptionValue, Result, Run, ServerInfo, net_server, options,
};
