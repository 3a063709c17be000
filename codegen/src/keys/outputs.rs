//! What the keys of the output add to a kernel: words of its argument, after the fields of a program, and the
//! constants that `templates/sink/outputs.cuh` reads.
//!
//! A selector that declares none of these keys has neither: its kernels write bare columns.

use super::{Fill, Order, Semantics};

/// A word of 8 bytes that a launch passes because of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputWord {
    /// The address of the first value of the first row.
    Values,
    /// Elements from row to row of the values.
    ValueStride,
    /// The address of the first row's count.
    Counts,
    /// The index where a row has no score left.
    IndexFill,
    /// The bits of the value where a row has no score left.
    ValueFill,
}

impl OutputWord {
    /// Every word, in the order of their places.
    pub const ALL: [OutputWord; 5] = [
        OutputWord::Values,
        OutputWord::ValueStride,
        OutputWord::Counts,
        OutputWord::IndexFill,
        OutputWord::ValueFill,
    ];

    /// Bytes of each.
    pub const BYTES: usize = 8;

    /// Its name in the text.
    pub const fn name(self) -> &'static str {
        match self {
            OutputWord::Values => "values",
            OutputWord::ValueStride => "value_stride",
            OutputWord::Counts => "counts",
            OutputWord::IndexFill => "index_fill",
            OutputWord::ValueFill => "value_fill",
        }
    }

    /// Its type in the text, with the space before the name.
    pub(crate) const fn cuda_type(self) -> &'static str {
        match self {
            OutputWord::Values => "void* ",
            OutputWord::Counts => "i32* ",
            OutputWord::ValueStride | OutputWord::IndexFill => "i64 ",
            OutputWord::ValueFill => "u64 ",
        }
    }

    /// Whether kernels of these semantics have it.
    const fn is_of(self, semantics: &Semantics) -> bool {
        let given = matches!(semantics.fill, Fill::Given);
        match self {
            OutputWord::Values | OutputWord::ValueStride => semantics.values,
            OutputWord::Counts => semantics.count,
            OutputWord::IndexFill => given,
            OutputWord::ValueFill => given && semantics.values,
        }
    }
}

impl Semantics {
    /// The words that the keys of the output add to a launch, in the order of their places.
    pub fn output_words(&self) -> impl Iterator<Item = OutputWord> {
        OutputWord::ALL.into_iter().filter(|word| word.is_of(self))
    }

    /// Whether winners are written in an order.
    pub(crate) const fn sorts(&self) -> bool {
        !matches!(self.order, Order::Unsorted)
    }

    /// Whether kernels write more than the columns of the winners as they find them.
    pub const fn has_outputs(&self) -> bool {
        self.sorts() || self.values || self.count || matches!(self.fill, Fill::Given)
    }

    /// The constants of `Config` that `Outputs` reads; none without the keys of the output. `keys_tell` says whether
    /// a key tells the element: not one of a program, of an integer or of a widened score.
    pub(crate) fn output_constants(&self, keys_tell: bool) -> Vec<String> {
        if !self.has_outputs() {
            return Vec::new();
        }
        let order = format!("static constexpr Order ORDER = Order::{};", self.order.cuda_name());
        let flags = [
            ("VALUES", self.values),
            ("COUNTS", self.count),
            ("FILL_IS_GIVEN", self.fill == Fill::Given),
            ("KEYS_TELL_VALUES", keys_tell),
        ];
        let flags = flags.map(|(name, value)| format!("static constexpr bool {name} = {value};"));
        std::iter::once(order).chain(flags).collect()
    }
}

impl Order {
    /// How the generated text spells it.
    const fn cuda_name(self) -> &'static str {
        match self {
            Order::Unsorted => "UNSORTED",
            Order::ByValue => "BY_VALUE",
            Order::ByIndex => "BY_INDEX",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{FieldType, Program, Scalar};

    #[test]
    fn words_are_those_of_the_declared_keys() {
        let words = |semantics: Semantics| -> Vec<_> {
            semantics.output_words().map(OutputWord::name).collect()
        };
        let plain = Semantics::DEFAULT;
        assert!(words(plain).is_empty() && !plain.has_outputs());
        assert!(plain.output_constants(false).is_empty());
        let sorted = Semantics { order: Order::ByIndex, ..plain };
        assert!(words(sorted).is_empty() && sorted.has_outputs());
        assert_eq!(words(Semantics { values: true, ..plain }), ["values", "value_stride"]);
        let filled = Semantics { fill: Fill::Given, count: true, ..plain };
        assert_eq!(words(filled), ["counts", "index_fill"]);
        let all = Semantics { values: true, ..filled };
        // A program's fields have other names.
        for word in OutputWord::ALL {
            let program = Program::builder("struct Own {};").source("Own");
            let error = program.field(word.name(), FieldType::Scalar(Scalar::U8)).build();
            let error = error.unwrap_err().to_string();
            assert!(error.contains("two members of its argument are called"), "{error}");
        }
        assert_eq!(words(all).len(), OutputWord::ALL.len());
        let constants = all.output_constants(false);
        assert!(constants.contains(&"static constexpr bool KEYS_TELL_VALUES = false;".to_owned()));
        assert!(constants.contains(&"static constexpr Order ORDER = Order::UNSORTED;".to_owned()));
    }
}
