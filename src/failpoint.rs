//! Panics on request, for the tests of what a panic leaves behind. Builds with
//! optimisation have none of this.

/// Panics in a build for tests where the environment variable
/// `EMOSCOPE_FAILPOINT` names this place.
#[cfg(debug_assertions)]
pub(crate) fn failpoint(place: &str) {
    let wanted = std::env::var_os("EMOSCOPE_FAILPOINT").is_some_and(|wanted| wanted == place);
    assert!(!wanted, "panicked on request at {place}");
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn failpoint(_place: &str) {}
