//! Whether the compiler may be called, and the permit that a call needs.

/// Whether the compiler may be called for a kernel that no store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compiling {
    /// It may: the settings deny no compile, or the compile is expected, as in a warm-up or a tuning.
    Allowed,
    /// It may not: a kernel that no store has is an error.
    Denied,
}

/// Leave to call the compiler once; [`Compiling::permit`] alone gives it.
pub(super) struct Permit(());

impl Compiling {
    pub(super) fn permit(self) -> Option<Permit> {
        (self == Compiling::Allowed).then_some(Permit(()))
    }
}
