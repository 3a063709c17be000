//! Ends every call: returns its status, and keeps the text of the thread's last failure.
//!
//! A panic is caught here and becomes a failure. A thread that is ending has no thread-local text any
//! more; the status is still returned.

use crate::abi::Status;
use crate::failure::Failure;
use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static TEXT: RefCell<CString> = RefCell::new(CString::default());
}

/// The text of the thread's last failure; it lives until the next one.
pub fn get() -> *const c_char {
    TEXT.try_with(|text| text.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Carries out a call: its failure, or its panic, becomes the thread's text and the status.
pub fn call(work: impl FnOnce() -> Result<(), Failure>) -> i32 {
    match result(work) {
        Ok(()) => Status::Ok as i32,
        Err(status) => status as i32,
    }
}

/// As [`call`], for a function that returns a value instead of a status.
pub fn result<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Status> {
    // Unwind safe: the work shares no state except behind locks, and each user of a lock ignores
    // its poison.
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let failure = Failure::Panic(words(&*panic));
        // Dropping the panic's payload could panic again.
        std::mem::forget(panic);
        Err(failure)
    });
    outcome.map_err(|failure| {
        keep(&failure.to_string());
        failure.status()
    })
}

fn keep(text: &str) {
    let bytes: Vec<u8> = text.bytes().filter(|&byte| byte != 0).collect();
    let text = CString::new(bytes).unwrap_or_default();
    // A thread that is ending has no reader for the text.
    let _ = TEXT.try_with(|kept| *kept.borrow_mut() = text);
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn text() -> String {
        // SAFETY: the text lives until the next failure of this thread.
        unsafe { CStr::from_ptr(get()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_ends_as_a_status() {
        let panics: [fn() -> Result<(), Failure>; 2] =
            [|| panic!("row {} is on fire", 7), || std::panic::panic_any(7)];
        for (panic, words) in panics.into_iter().zip(["row 7 is on fire", "no words"]) {
            assert_eq!(call(panic), Status::Internal as i32);
            assert_eq!(text(), format!("topkit has a fault: {words}"));
        }
    }

    #[test]
    fn a_failure_is_kept_by_its_thread_until_the_next() {
        std::thread::spawn(|| {
            assert_eq!(text(), "");
            assert_eq!(call(|| Err(Failure::Null { what: "a" })), Status::Argument as i32);
            assert_eq!(call(|| Ok(())), Status::Ok as i32);
            assert_eq!(text(), "`a` is NULL");
            std::thread::spawn(|| assert_eq!(text(), "")).join().unwrap();
            assert_eq!(call(|| Err(Failure::Panic("a\0b".into()))), Status::Internal as i32);
            assert_eq!(text(), "topkit has a fault: ab");
        })
        .join()
        .unwrap();
    }
}
