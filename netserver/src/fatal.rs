//! What ends a process before its time, from the hook that hears of it to the last line of the log.

use crate::error::Error;
use crate::guard;
use crate::handler::Hooks;

/// Tells the hook.
#[cold]
pub(crate) fn tell<S: Hooks>(server: &mut S, err: &Error) {
    let (message, place) = (err.chain(), err.location());
    guard::logged("fatal_hook", || server.fatal_hook(&message, place.file(), place.line()));
}

/// What the log says of it: of what the program itself calls fatal also where that was.
pub(crate) fn text(err: &Error) -> String {
    let place = err.is_fatal().then(|| format!(" at {}", err.location()));
    format!("{}{}", err.chain(), place.unwrap_or_default())
}

/// The end of a child. Tells whether something fatal was the reason.
#[inline]
pub(crate) fn ended<S: Hooks>(server: &mut S) -> bool {
    let fatal = guard::take_fatal();
    if let Some(err) = &fatal {
        tell(server, err);
        log::error!("{}", text(err));
    }
    fatal.is_some()
}
