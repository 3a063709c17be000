//! Names of the generated text: the user's own where C++ can have them.

use std::collections::HashSet;

/// The words of C++ that name nothing.
const KEYWORDS: &str = " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t \
    char32_t class compl const const_cast constexpr continue decltype default delete do double dynamic_cast \
    else enum explicit export extern false float for friend goto if inline int long mutable namespace new \
    noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast return \
    short signed sizeof static static_assert static_cast struct switch template this thread_local throw true \
    try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq ";

/// What functions read, and what compilers define.
const TAKEN: &str = " args rust Args Functions u8 u16 u32 u64 i32 i64 assert linux unix NULL ";

/// Whether C++ has a word for itself.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&format!(" {name} "))
}

/// Why C++ does not take a name.
pub(crate) fn identifier_fault(name: &str, what: &str) -> Option<String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !plain || name.contains("__") {
        let hint = "use a to z, A to Z, digits and single `_`, no digit first";
        return Some(format!("its {what} is called `{name}`, which is not a name of C++; {hint}"));
    }
    is_keyword(name)
        .then(|| format!("its {what} is called `{name}`, a keyword of C++; use another name"))
}

/// The names that a scope has.
#[derive(Clone, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A name like the wanted one that is no other's.
    pub fn unique(&mut self, wanted: &str) -> String {
        let mut plain = wanted.to_owned();
        while plain.contains("__") {
            plain = plain.replace("__", "_");
        }
        if plain.starts_with('_') {
            plain.insert(0, 'v');
        }
        let is_free = |name: &str| {
            !self.taken.contains(name) && !is_keyword(name) && !TAKEN.contains(&format!(" {name} "))
        };
        let ending = if plain.ends_with('_') { "" } else { "_" };
        let others = (2..).map(|number| format!("{plain}{ending}{number}"));
        let name = std::iter::once(plain.clone()).chain(others).find(|name| is_free(name));
        // There is no end of numbers.
        let name = name.unwrap_or(plain);
        self.taken.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_of_cpp() {
        let mut names = Names::default();
        let given = ["x", "x", "float", "a__b", "_", "_X", "args", "x_2", "x_"];
        let made = given.map(|name| names.unique(name));
        assert_eq!(made, ["x", "x_2", "float_2", "a_b", "v_", "v_X", "args_2", "x_2_2", "x_"]);
    }
}
