//! Structs that begin with their size, so that programs and libraries of different versions work
//! together: a field that one side does not know is 0.
//!
//! A struct shorter than its first version is refused. A field that was added later is 0 in a struct that ends
//! before it.

use crate::abi::{Launch, Plan, Problem, SelectorConfig};
use crate::failure::Failure;
use std::mem::{MaybeUninit, offset_of};
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
    /// Bytes of its first version.
    const FIRST: usize;
}

// SAFETY: integers and pointers without padding, as the header declares them.
unsafe impl Versioned for SelectorConfig {
    const NAME: &'static str = "topkit_selector_config";
    const FIRST: usize = offset_of!(SelectorConfig, order);
}
// SAFETY: as above.
unsafe impl Versioned for Problem {
    const NAME: &'static str = "topkit_problem";
    const FIRST: usize = size_of::<Problem>();
}
// SAFETY: as above.
unsafe impl Versioned for Plan {
    const NAME: &'static str = "topkit_plan";
    const FIRST: usize = size_of::<Plan>();
}
// SAFETY: as above.
unsafe impl Versioned for Launch {
    const NAME: &'static str = "topkit_launch";
    const FIRST: usize = offset_of!(Launch, values);
}

/// Copies a struct of the caller's.
///
/// # Safety
/// A pointer that is not null points to as many readable bytes as the struct's own size tells.
pub unsafe fn read<T: Versioned>(given: *const T) -> Result<T, Failure> {
    // SAFETY: as the caller promises.
    let size = unsafe { size::<T>(given) }?;
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: there are `size` bytes, and the value has room for those that are known.
    unsafe { ptr::copy_nonoverlapping(given.cast::<u8>(), value.as_mut_ptr().cast(), known) };
    // SAFETY: these are the last of the `size` bytes.
    let rest = unsafe { std::slice::from_raw_parts(given.cast::<u8>().add(known), size - known) };
    if rest.iter().any(|&byte| byte != 0) {
        return Err(Failure::Newer { what: T::NAME, given: size, known: size_of::<T>() });
    }
    // SAFETY: any bytes make a `T`, and those that were not given are 0.
    Ok(unsafe { value.assume_init() })
}

/// Checks that a struct of the caller's can take an answer.
///
/// # Safety
/// As for [`read`].
pub unsafe fn check<T: Versioned>(given: *const T) -> Result<(), Failure> {
    // SAFETY: as the caller promises.
    unsafe { size::<T>(given) }.map(drop)
}

/// Fills a struct of the caller's, except its size. Bytes beyond the size of a `T` become 0, and a shorter struct has
/// the first of them.
///
/// # Safety
/// As for [`read`], and the bytes are writable.
pub unsafe fn write<T: Versioned>(given: *mut T, value: T) -> Result<(), Failure> {
    // SAFETY: as the caller promises.
    let size = unsafe { size::<T>(given) }?;
    let known = size.min(size_of::<T>());
    // SAFETY: there are `size` bytes, and a `T` has the known ones.
    unsafe {
        ptr::copy_nonoverlapping(ptr::from_ref(&value).cast::<u8>(), given.cast(), known);
        ptr::write_unaligned(given.cast::<usize>(), size);
        ptr::write_bytes(given.cast::<u8>().add(known), 0, size - known);
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
    if (T::FIRST..=MOST).contains(&size) {
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

    /// A program that was compiled with an older header asks for nothing that came later.
    #[test]
    fn a_shorter_struct_has_zeros_where_it_ends() {
        let mut bytes = [0xFFu8; size_of::<SelectorConfig>()];
        bytes[..size_of::<usize>()].copy_from_slice(&SelectorConfig::FIRST.to_ne_bytes());
        let given = bytes.as_ptr().cast::<SelectorConfig>();
        // SAFETY: there are as many bytes as it says.
        let config = unsafe { read(given) }.unwrap();
        assert_eq!((config.size, config.select, config.reserved), (40, -1, -1));
        assert_eq!((config.order, config.values, config.count, config.fill), (0, 0, 0, 0));
        assert_eq!(Launch::FIRST, 96);
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
