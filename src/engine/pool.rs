//! A pool of idle classifiers or speaker networks: creating one can cost as much as
//! a minute of audio.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Idle values of one kind, shared by the clones of an engine.
pub(super) struct Pool<T: ?Sized>(Arc<Mutex<Vec<Box<T>>>>);

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: ?Sized> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Pool<T> {
    /// Takes an idle value, if there is one.
    pub(super) fn take(&self) -> Option<Box<T>> {
        self.idle().pop()
    }

    /// Wraps a value, so that it returns to this pool when it is dropped.
    pub(super) fn wrap(&self, inner: Box<T>) -> Pooled<T> {
        Pooled {
            inner: Some(inner),
            pool: self.clone(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Box<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value that returns to its pool when it is dropped.
pub(super) struct Pooled<T: ?Sized> {
    inner: Option<Box<T>>,
    pool: Pool<T>,
}

impl<T: ?Sized> Pooled<T> {
    /// The value; `None` only while it is dropped.
    pub(super) fn inner(&mut self) -> Option<&mut Box<T>> {
        self.inner.as_mut()
    }
}

impl<T: ?Sized> Drop for Pooled<T> {
    fn drop(&mut self) {
        // After a panic its state is unknown.
        if let Some(inner) = self.inner.take()
            && !std::thread::panicking()
        {
            self.pool.idle().push(inner);
        }
    }
}
