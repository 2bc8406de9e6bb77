//! What is only dangerous: a warning, and with `strict` an error.

use crate::error::{Error, Result};

/// Says it in the log, or refuses.
///
/// # Errors
/// With `strict`.
pub(crate) fn caution(strict: bool, what: &str) -> Result<()> {
    if strict {
        return Err(Error::new(format!("{what} (strict)")));
    }
    log::warn!("{what}");
    Ok(())
}
