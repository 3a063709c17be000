//! Host memory for data whose size the user gives: it is allocated before it is filled, and a refused
//! allocation is [`Error::Memory`].
//!
//! A system that grants more memory than it has may still end the process later; this module does not check
//! how much memory is free.

use crate::Error;

/// An empty vector with room for so many elements.
pub fn reserved<T>(what: &str, len: usize) -> Result<Vec<T>, Error> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(len).map_err(|_| lacking(what, len.saturating_mul(size_of::<T>())))?;
    Ok(memory)
}

/// Room for one element more.
pub fn grow<T>(what: &str, all: &mut Vec<T>) -> Result<(), Error> {
    all.try_reserve(1).map_err(|_| lacking(what, 2 * all.len() * size_of::<T>()))
}

/// A copy of a text.
pub fn copied(what: &str, text: &str) -> Result<String, Error> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| lacking(what, text.len()))?;
    copy.push_str(text);
    Ok(copy)
}

/// So many copies of one element.
pub fn filled<T: Clone>(what: &str, element: T, len: usize) -> Result<Vec<T>, Error> {
    let mut memory = reserved(what, len)?;
    memory.resize(len, element);
    Ok(memory)
}

/// Refuses work that takes so many bytes, in pieces that a library allocates, if the system does not give
/// as many at once.
pub fn check(what: &str, bytes: usize) -> Result<(), Error> {
    reserved::<u8>(what, bytes).map(drop)
}

fn lacking(what: &str, bytes: usize) -> Error {
    Error::Memory { what: what.to_owned(), bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_lacking_is_told_with_its_size() {
        let refused = filled("the scores", 0u16, usize::MAX / 4).unwrap_err();
        assert!(matches!(refused, Error::Memory { .. }));
        assert!(refused.to_string().starts_with("the scores would take "), "{refused}");
        assert!(check("an answer", usize::MAX).is_err());
        assert_eq!(filled("the scores", 7, 3).unwrap(), [7; 3]);
    }
}
