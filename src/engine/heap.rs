//! Releases memory after a model is loaded.

/// Returns memory that only the loading of a model needed to the system.
///
/// After a model is loaded, glibc keeps the memory of its parser and its restored weights,
/// about as much as the model itself. Other allocators return it by themselves. A model
/// inside the program, `constant`, stays resident once it was read; its pages are dropped.
pub fn release(constant: Option<&'static [u8]>) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    // SAFETY: it takes no pointer, and glibc locks its arenas itself.
    unsafe {
        libc::malloc_trim(0);
    }
    #[cfg(target_os = "linux")]
    if let Some(constant) = constant {
        drop_pages(constant);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = constant;
}

/// Drops the whole pages of a constant of the program from resident memory. The system
/// reads them from the program's file again if they are needed.
#[cfg(target_os = "linux")]
fn drop_pages(constant: &'static [u8]) {
    let page = rustix::param::page_size();
    let unaligned = constant.as_ptr().align_offset(page);
    let whole = constant.len().saturating_sub(unaligned) / page * page;
    if whole == 0 {
        return;
    }
    let begin = constant[unaligned..].as_ptr();
    #[allow(unsafe_code)]
    // SAFETY: the range lies within a constant, which is mapped from the program's file
    // and never written to, so that its pages are the same when they are read again.
    unsafe {
        libc::madvise(begin.cast_mut().cast(), whole, libc::MADV_DONTNEED);
    }
}
