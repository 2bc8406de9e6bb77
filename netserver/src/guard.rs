//! Running a server's own code: whatever it panics with is an error, and is logged once.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use crate::error::{AnyError, Error, chain, fatal_place};
use crate::stop::Event;
use crate::sys::signal;

thread_local! {
    /// Whether this thread runs guarded code, so that the guard speaks for a panic there.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Where the last guarded panic was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether something fatal has happened in this thread, and what.
    static ENDS: Cell<bool> = const { Cell::new(false) };
    static FATAL: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// From here on a panic in guarded code is not printed: the guard reports it. Every other panic
/// goes to the hook that was there before.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.get() {
                note(info);
            } else {
                before(info);
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    PLACE.with_borrow_mut(|noted| *noted = place);
}

/// How guarded code failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It returned an error.
    Error(AnyError),
    /// It panicked: with what, and where.
    Panic(String),
}

/// Runs `code`; neither an error nor a panic gets past.
pub(crate) fn run<T, E: Into<AnyError>>(code: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    let outer = GUARDED.replace(true);
    // Whatever the code left half done is its own state, which its next call may look at: as with
    // any method that fails.
    let result = panic::catch_unwind(AssertUnwindSafe(|| code().map_err(Into::into)));
    let result = match result {
        Ok(result) => result.map_err(Failure::Error),
        Err(payload) => Err(Failure::Panic(describe(payload))),
    };
    GUARDED.set(outer);
    result
}

#[cold]
fn describe(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let place = PLACE.with_borrow_mut(std::mem::take);
    // Dropping what somebody panicked with runs their code, which may panic again.
    let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    if let Err(again) = dropped {
        std::mem::forget(again);
    }
    format!("panicked at {place}: {}", text.as_deref().unwrap_or("a value that is no text"))
}

/// What an error says, with all that is below it; it is dropped here. Both are its own code.
pub(crate) fn text_of(err: AnyError) -> String {
    let said = run(|| {
        let text = chain(err.as_ref());
        drop(err);
        Ok::<_, Error>(text)
    });
    match said {
        Ok(text) => text,
        Err(Failure::Panic(text)) => format!("an error that {text}"),
        Err(Failure::Error(_)) => String::new(),
    }
}

/// Runs a hook that nothing waits for: a failure is logged at level 1. Tells whether it went well.
pub(crate) fn logged<E: Into<AnyError>>(what: &str, hook: impl FnOnce() -> Result<(), E>) -> bool {
    match run(hook) {
        Ok(()) => true,
        Err(Failure::Error(err)) => {
            note_fatal(what, &err);
            log::warn!("{what} failed: {}", text_of(err));
            false
        }
        Err(Failure::Panic(text)) => {
            log::warn!("{what} {text}");
            false
        }
    }
}

/// Where the error is fatal, has this process stop as it would by itself; [`take_fatal`] tells it why.
#[cold]
pub(crate) fn note_fatal(what: &str, err: &AnyError) {
    // What is below it is its own code, too.
    let noted = run(|| {
        let place = fatal_place(err.as_ref());
        let text = |_| format!("{what} failed: {}", chain(err.as_ref()));
        Ok::<_, Error>(place.map(|place| Error::fatal_at(text(place), place)))
    });
    if let Ok(Some(fatal)) = noted {
        FATAL.with_borrow_mut(|first| _ = first.get_or_insert(fatal));
        ENDS.set(true);
        signal::go_on(Event::Asked);
    }
}

/// Something fatal has happened in another thread of this process: [`take_fatal`] tells it here.
#[cold]
pub(crate) fn hand_fatal(fatal: Error) {
    FATAL.with_borrow_mut(|first| _ = first.get_or_insert(fatal));
    ENDS.set(true);
}

/// Whether something fatal has happened.
#[inline]
pub(crate) fn is_fatal() -> bool {
    ENDS.get()
}

/// What has ended this process, where that was something fatal.
#[inline]
pub(crate) fn take_fatal() -> Option<Error> {
    ENDS.take().then(|| FATAL.take()).flatten()
}

impl Failure {
    /// The failure of `what` as an error that ends a start.
    pub(crate) fn of(self, what: &str) -> Error {
        match self {
            Self::Error(err) => Error::because(format!("{what} failed"), err),
            Self::Panic(text) => Error::new(format!("{what} {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }

    fn panics(with: impl FnOnce()) -> String {
        install();
        let result = run(|| {
            with();
            Ok::<_, Error>(())
        });
        result.unwrap_err().of("it").to_string()
    }

    /// Panics when it is shown.
    #[derive(Debug)]
    struct Shy;
    impl std::fmt::Display for Shy {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("not shown");
        }
    }
    impl std::error::Error for Shy {}

    #[test]
    fn an_error_may_panic_when_it_is_shown() {
        install();
        let text = text_of(Box::new(Shy));
        assert!(text.starts_with("an error that panicked at netserver/src/guard.rs:"), "{text}");
        assert!(text.ends_with(": not shown"), "{text}");
    }

    #[test]
    fn every_panic_becomes_an_error_with_its_place() {
        assert!(panics(|| panic!("plain")).starts_with("it panicked at netserver/src/guard.rs:"));
        assert!(panics(|| panic!("with {}", 1)).ends_with(": with 1"));
        assert!(panics(|| panic::panic_any(Bomb)).ends_with(": a value that is no text"));
    }
}
