//! Releases memory after a model is loaded.

/// Returns freed memory to the system. After a model is loaded, glibc keeps the memory
/// of its parser and its restored weights, about as much as the model itself. Other
/// allocators return it by themselves.
pub fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    // SAFETY: it takes no pointer, and glibc locks its arenas itself.
    unsafe {
        libc::malloc_trim(0);
    }
}
