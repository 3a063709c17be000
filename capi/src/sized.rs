//! Structs that begin with their size, so that programs and libraries of different versions work
//! together: a field that one side does not know is 0.
//!
//! A struct shorter than the one declared here is refused, because no version had a shorter one. When a
//! field is added, the length of the first version stays the least that is accepted.

use crate::abi::{Launch, Plan, Problem, SelectorConfig};
use crate::failure::Failure;
use std::ptr;

/// No struct grows beyond this; a size above it was never set.
const MOST: usize = 4096;

/// A struct that begins with its size as a `usize`.
///
/// # Safety
/// It is `repr(C)`, without padding, and every pattern of its bytes is a value.
pub unsafe trait Versioned: Copy {
    /// Its name in C.
    const NAME: &'static str;
}

// SAFETY: integers and pointers without padding, as the header declares them.
unsafe impl Versioned for SelectorConfig {
    const NAME: &'static str = "topkit_selector_config";
}
// SAFETY: as above.
unsafe impl Versioned for Problem {
    const NAME: &'static str = "topkit_problem";
}
// SAFETY: as above.
unsafe impl Versioned for Plan {
    const NAME: &'static str = "topkit_plan";
}
// SAFETY: as above.
unsafe impl Versioned for Launch {
    const NAME: &'static str = "topkit_launch";
}

/// Copies a struct of the caller's.
///
/// # Safety
/// A pointer that is not null points to as many readable bytes as the struct's own size tells.
pub unsafe fn read<T: Versioned>(given: *const T) -> Result<T, Failure> {
    // SAFETY: as the caller promises.
    let size = unsafe { size::<T>(given) }?;
    // SAFETY: there are `size` bytes, at least as many as a `T` has, and any bytes make one.
    let value = unsafe { ptr::read_unaligned(given) };
    let more = size - size_of::<T>();
    // SAFETY: these are the last of the `size` bytes.
    let rest = unsafe { std::slice::from_raw_parts(given.cast::<u8>().add(size_of::<T>()), more) };
    if rest.iter().any(|&byte| byte != 0) {
        return Err(Failure::Newer { what: T::NAME, given: size, known: size_of::<T>() });
    }
    Ok(value)
}

/// Checks that a struct of the caller's can take an answer.
///
/// # Safety
/// As for [`read`].
pub unsafe fn check<T: Versioned>(given: *const T) -> Result<(), Failure> {
    // SAFETY: as the caller promises.
    unsafe { size::<T>(given) }.map(drop)
}

/// Fills a struct of the caller's, except its size. Bytes beyond the size of a `T` become 0.
///
/// # Safety
/// As for [`read`], and the bytes are writable.
pub unsafe fn write<T: Versioned>(given: *mut T, value: T) -> Result<(), Failure> {
    // SAFETY: as the caller promises.
    let size = unsafe { size::<T>(given) }?;
    // SAFETY: there are `size` bytes, at least as many as a `T` has.
    unsafe {
        ptr::write_unaligned(given, value);
        ptr::write_unaligned(given.cast::<usize>(), size);
        ptr::write_bytes(given.cast::<u8>().add(size_of::<T>()), 0, size - size_of::<T>());
    }
    Ok(())
}

/// # Safety
/// As for [`read`].
unsafe fn size<T: Versioned>(given: *const T) -> Result<usize, Failure> {
    if given.is_null() {
        return Err(Failure::Null { what: T::NAME });
    }
    // SAFETY: every struct has its size at its beginning.
    let size = unsafe { ptr::read_unaligned(given.cast::<usize>()) };
    let known = size_of::<T>();
    if (known..=MOST).contains(&size) {
        Ok(size)
    } else {
        Err(Failure::Size { what: T::NAME, given: size, known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::NAME_BYTES;

    /// A plan as a later header may have it.
    #[repr(C)]
    struct Longer {
        plan: Plan,
        more: u64,
    }

    const PLAN: Plan = Plan { size: 0, workspace_bytes: 7, kernel: [0; NAME_BYTES] };

    fn longer(more: u64) -> Longer {
        Longer { plan: Plan { size: size_of::<Longer>(), ..PLAN }, more }
    }

    #[test]
    fn a_longer_struct_is_read_where_it_asks_for_nothing_new() {
        let [quiet, asking] = [0, 1].map(longer);
        // SAFETY: both structs are as long as they say.
        let read = |given: &Longer| unsafe { read(ptr::from_ref(given).cast::<Plan>()) };
        let (quiet, asking) = (read(&quiet), read(&asking));
        assert_eq!(quiet.unwrap().workspace_bytes, 7);
        let refusal = asking.unwrap_err().to_string();
        assert!(refusal.contains("`topkit_plan` has 152 bytes"), "{refusal}");
    }

    #[test]
    fn a_longer_struct_is_filled_to_its_end() {
        let mut longer = longer(u64::MAX);
        // SAFETY: the struct is as long as it says.
        unsafe { write((&raw mut longer).cast::<Plan>(), Plan { workspace_bytes: 9, ..PLAN }) }
            .unwrap();
        assert_eq!((longer.plan.size, longer.plan.workspace_bytes), (size_of::<Longer>(), 9));
        assert_eq!(longer.more, 0);
    }

    #[test]
    fn a_size_that_was_never_set_is_refused() {
        for size in [0, size_of::<Plan>() - 1, MOST + 1, usize::MAX] {
            let mut plan = Plan { size, ..PLAN };
            // SAFETY: nothing but the size is read of a struct with such a size.
            let refusals = unsafe { [check(&plan), write(&mut plan, PLAN), read(&plan).map(drop)] };
            for refusal in refusals {
                let refusal = refusal.unwrap_err().to_string();
                assert!(refusal.contains("sizeof(topkit_plan), which is 144"), "{refusal}");
            }
            assert_eq!(plan.size, size);
        }
    }
}
