//! A slice among the arguments of a selector's functions, where rustc compiles them: an index is an integer of any type
//! that the language has, and a length is an `i64`.

use crate::backend::arguments::{ArgSlice, Element};
use crate::backend::memory::Host;
use std::ops::Index;

/// The elements of an argument.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a, T>(&'a [T]);

impl<'a, T: Element> Elements<'a, T> {
    /// Of a slice of the host.
    pub fn of(slice: &'a dyn ArgSlice<T, Host>) -> Elements<'a, T> {
        Elements(T::of(&slice.part()))
    }
}

impl<'a, T> Elements<'a, T> {
    /// The elements of a slice.
    pub const fn new(slice: &'a [T]) -> Elements<'a, T> {
        Elements(slice)
    }
}

impl<T> Elements<'_, T> {
    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "the language has no `is_empty`")]
    pub const fn len(&self) -> i64 {
        self.0.len() as i64
    }
}

/// An integer that can be an index.
pub trait ElementIndex {
    /// The place; none below 0.
    fn place(self) -> Option<usize>;
}

macro_rules! indices {
    ($($index:ty)*) => {$(
        impl ElementIndex for $index {
            fn place(self) -> Option<usize> {
                usize::try_from(self).ok()
            }
        }
    )*};
}
indices!(i32 u32 i64);

impl<T, I: ElementIndex> Index<I> for Elements<'_, T> {
    type Output = T;

    /// # Panics
    /// There is no such element, as for a slice of Rust.
    #[track_caller]
    fn index(&self, index: I) -> &T {
        // No slice has so many.
        &self.0[index.place().unwrap_or(usize::MAX)]
    }
}
