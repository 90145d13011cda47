//! Memory that loading a model leaves behind.

/// Gives freed memory back to the system. After a model is loaded, glibc keeps
/// what its parser and its restored weights needed, about as much as the model
/// itself. Other allocators give it back unasked.
pub fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    // SAFETY: it takes no pointer, and glibc locks its arenas itself.
    unsafe {
        libc::malloc_trim(0);
    }
}
