//! Panics on request, for the tests of what a panic leaves behind. Builds with
//! optimisation have none of this.

/// Panics in a build for tests where the environment variable
/// `EMOSCOPE_STUMBLE` names this place.
#[cfg(debug_assertions)]
pub(crate) fn stumble(place: &str) {
    let wanted = std::env::var_os("EMOSCOPE_STUMBLE").is_some_and(|wanted| wanted == place);
    assert!(!wanted, "stumbled on request in {place}");
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn stumble(_place: &str) {}
