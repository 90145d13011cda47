//! Panics and delays on request, for tests. Optimized builds do not contain them.

/// Panics in a test build if the environment variable `EMOSCOPE_FAILPOINT` names this
/// place.
#[cfg(debug_assertions)]
pub(crate) fn failpoint(place: &str) {
    let wanted = std::env::var_os("EMOSCOPE_FAILPOINT").is_some_and(|wanted| wanted == place);
    assert!(!wanted, "panicked on request at {place}");
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn failpoint(_place: &str) {}

/// Sleeps 70 ms in a test build if the environment variable `EMOSCOPE_FAILPOINT` is
/// `slow` followed by the name of this model.
#[cfg(debug_assertions)]
pub(crate) fn slow_failpoint(model: &str) {
    if std::env::var("EMOSCOPE_FAILPOINT").is_ok_and(|wanted| wanted == format!("slow {model}")) {
        std::thread::sleep(std::time::Duration::from_millis(70));
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub(crate) fn slow_failpoint(_model: &str) {}
