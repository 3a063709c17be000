//! An array of numbers as a file stores it: its shape, the order of its elements, and the bytes. Here it becomes
//! a matrix of scores, or whole numbers.
//!
//! The last dimension is a row. Scores are read as they are stored; they are converted to f32 only where
//! [`Reading::dtype`] asks for it, and [`Told`] says how many were rounded.

use super::stored::{Number, Stored, views};
use super::{Read, Reading, Told};
use crate::ui::exit::Failure;
use topkit::{DType, Score, with_score};
use topkit_lab::{Matrix, Scores, memory};

/// The type of the elements, as the file names it.
#[derive(Debug, Clone, Copy)]
pub enum Element {
    /// Numbers of this type.
    Of(Stored),
    /// So many bytes each, without a name.
    Raw(usize),
}

/// What an array of whole numbers holds.
#[derive(Debug, Clone, Copy)]
pub enum Whole {
    /// Integers of any size.
    Integers,
    /// Booleans, or bytes that are 0 or not.
    Marks,
}

impl Whole {
    fn takes(self, stored: Stored) -> bool {
        match self {
            Whole::Integers => stored.is_whole(),
            Whole::Marks => matches!(stored.name(), "bool" | "u8"),
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Whole::Integers => "integers; save it with astype('<i4') or astype('<i8')",
            Whole::Marks => "booleans or bytes; save it with astype('?')",
        }
    }
}

/// An array as it is stored.
#[derive(Debug)]
pub struct Array<'a> {
    /// The file, and the array's name in it.
    pub source: String,
    /// The file's own name of the type.
    pub written: String,
    pub element: Element,
    /// The first byte of a number is its highest.
    pub big: bool,
    /// The first index changes fastest, not the last one.
    pub fortran: bool,
    pub shape: Vec<usize>,
    pub data: &'a [u8],
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Element::Of(stored) => stored.bytes(),
            Element::Raw(bytes) => bytes,
        }
    }
}

impl Array<'_> {
    /// The scores, as they are stored or converted.
    pub fn scores(self, reading: &Reading) -> Result<Read, Failure> {
        let (stored, mut notes) = self.stored(reading)?;
        let (rows, columns) = self.rows()?;
        self.check_length(rows, columns)?;
        let asked = reading.dtype;
        let dtype = match (stored, asked) {
            (Stored::Score(dtype), None) => dtype,
            (Stored::Other(other), None) => {
                return Err(Failure::input(format!(
                    "{} holds {} ({}), which no kernel takes: {}",
                    self.source,
                    self.written,
                    stored.name(),
                    other.hint()
                )));
            }
            (_, Some(dtype)) if dtype == DType::F32 || dtype.name() == stored.name() => dtype,
            (_, Some(dtype)) => {
                return Err(Failure::input(format!(
                    "{} holds {}, and --dtype {dtype} is neither that nor f32, to which alone the \
                     scores of a file are converted; to convert them to {dtype}, do it where the \
                     file is made",
                    self.source,
                    stored.name()
                )));
            }
        };
        let bits = |bytes: &[u8]| self.bits(bytes);
        let mut rounded = None;
        let scores = if dtype.name() == stored.name() {
            with_score!(dtype, S => {
                let score = |bytes: &[u8]| S::from_bits(bits(bytes) as _);
                Scores::new(self.decode("the decoded scores", columns, score)?)
            })
        } else {
            let mut count = 0usize;
            let score = |bytes: &[u8]| {
                let (score, is_rounded) = stored.number(bits(bytes)).to_f32();
                count += usize::from(is_rounded);
                score
            };
            let scores = Scores::new(self.decode("the decoded scores", columns, score)?);
            rounded = Some(count);
            scores
        };
        if let [.., _, _, _] = self.shape[..] {
            notes.push(format!("{rows} rows, of an array of the shape {:?}", self.shape));
        }
        if let Some(rounded) = rounded {
            let name = stored.name();
            notes.push(match rounded {
                0 => format!("f32, converted from {name}; every score is kept"),
                some => format!(
                    "f32, converted from {name}; {some} of {} scores were rounded, and the selection \
                     is exact for the rounded scores alone",
                    rows * columns
                ),
            });
        }
        let told = Told { stored: stored.name(), shape: self.shape, rounded, notes };
        Ok(Read { matrix: Matrix { source: self.source, rows, columns, scores }, told })
    }

    /// Whole numbers, row after row, each with its place as `read` takes it. The caller has checked the shape.
    pub fn whole<T: Default>(
        &self,
        kind: Whole,
        mut read: impl FnMut(usize, i128) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let stored = match self.element {
            Element::Of(stored) if kind.takes(stored) => stored,
            _ => {
                return Err(Failure::input(format!(
                    "{} holds {}, not {}",
                    self.source,
                    self.written,
                    kind.hint()
                )));
            }
        };
        let width = self.shape.last().copied().unwrap_or(1);
        let leading = self.shape.iter().rev().skip(1);
        let rows = leading.copied().try_fold(1usize, usize::checked_mul);
        self.check_length(rows.ok_or_else(|| self.too_large())?, width)?;
        let (mut at, mut wrong) = (0, None);
        let number = |bytes: &[u8]| {
            let number = match stored.number(self.bits(bytes)) {
                Number::Whole(number) => number,
                // No integers are stored as floats.
                Number::Float(_) => i128::MIN,
            };
            let number = read(at, number);
            at += 1;
            number.unwrap_or_else(|failure| {
                wrong.get_or_insert(failure);
                T::default()
            })
        };
        let numbers = self.decode("the numbers", width, number)?;
        wrong.map_or(Ok(numbers), Err)
    }

    /// The type of the elements: by `--view`, or by the file. A type that the file does not name is told.
    fn stored(&self, reading: &Reading) -> Result<(Stored, Vec<String>), Failure> {
        let Array { source, written, element, .. } = self;
        let bytes = element.bytes();
        match (reading.view, *element) {
            (Some(view), _) if view.bytes() == bytes => {
                let name = view.name();
                Ok((view, vec![format!("{name}, as --view says; the file says {written}")]))
            }
            (Some(view), _) => Err(Failure::input(format!(
                "--view {} takes {} bytes a score, and {source} holds {written}, of {bytes}; name a \
                 type of that size",
                view.name(),
                view.bytes()
            ))),
            (None, Element::Of(stored)) => Ok((stored, Vec::new())),
            (None, Element::Raw(2)) => {
                let note = format!(
                    "bf16; the file says {written}, raw elements of 2 bytes, as ml_dtypes writes \
                     bfloat16"
                );
                Ok((Stored::Score(DType::Bf16), vec![note]))
            }
            (None, Element::Raw(bytes)) => {
                let name = match views(bytes) {
                    Some(views) => format!("name their type, as in {views}"),
                    None => "no numbers have that size".to_owned(),
                };
                let who = match bytes {
                    1 => "; ml_dtypes writes every type of a byte so, but float8_e5m2",
                    _ => "",
                };
                Err(Failure::input(format!(
                    "{source} holds {written}, raw elements of {bytes} bytes without a type{who}: \
                     {name}"
                )))
            }
        }
    }

    /// The rows and columns: the last dimension is a row, and one dimension is a single row.
    fn rows(&self) -> Result<(usize, usize), Failure> {
        let Array { source, shape, .. } = self;
        let Some((&columns, leading)) = shape.split_last() else {
            return Err(Failure::input(format!(
                "{source} has the shape []; a row [columns], a matrix [rows, columns], or more \
                 dimensions are needed"
            )));
        };
        let rows = leading.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        match rows {
            _ if shape.contains(&0) => Err(Failure::input(format!(
                "{source} has the shape {shape:?}: there is nothing to select from"
            ))),
            None => Err(self.too_large()),
            Some(rows) => Ok((rows, columns)),
        }
    }

    fn too_large(&self) -> Failure {
        let Array { source, shape, .. } = self;
        Failure::input(format!("{source} has the shape {shape:?}, more than memory can hold"))
    }

    /// Refuses data that is shorter or longer than the shape says.
    fn check_length(&self, rows: usize, columns: usize) -> Result<(), Failure> {
        let source = &self.source;
        let needed = rows.checked_mul(columns);
        let needed = needed.and_then(|elements| elements.checked_mul(self.element.bytes()));
        let needed = needed.filter(|&bytes| bytes <= isize::MAX as usize);
        let needed = needed.ok_or_else(|| self.too_large())?;
        let found = self.data.len();
        let takes = format!("{rows} x {columns} of {} take {needed} bytes", self.written);
        if found < needed {
            return Err(Failure::input(format!(
                "{source} is truncated: {takes}, but {found} follow its header"
            )));
        }
        if found > needed {
            return Err(Failure::input(format!(
                "{source} holds more than one array: {takes}, and {} more follow; save the array to \
                 select from in a file of its own",
                found - needed
            )));
        }
        Ok(())
    }

    /// The bits of an element.
    fn bits(&self, bytes: &[u8]) -> u64 {
        let more = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bytes = bytes.iter();
        if self.big { bytes.fold(0, more) } else { bytes.rev().fold(0, more) }
    }

    /// The elements, row after row; the data is as long as the shape says.
    fn decode<T>(
        &self,
        what: &str,
        columns: usize,
        mut read: impl FnMut(&[u8]) -> T,
    ) -> Result<Vec<T>, Failure> {
        let size = self.element.bytes();
        let count = self.data.len() / size;
        let mut elements = memory::reserved(what, count)?;
        if !self.fortran || self.shape.len() < 2 {
            elements.extend(self.data.chunks_exact(size).map(read));
            return Ok(elements);
        }
        let rows = count / columns;
        for row in 0..rows {
            let first = self.fortran_place(row);
            let place = |column: usize| (first + column * rows) * size;
            let bytes =
                (0..columns).filter_map(|column| self.data.get(place(column)..)?.get(..size));
            elements.extend(bytes.map(&mut read));
        }
        Ok(elements)
    }

    /// The place of the first element of a row in an array whose first index changes fastest. The
    /// elements of a row are as far from each other as there are rows.
    fn fortran_place(&self, row: usize) -> usize {
        let leading = &self.shape[..self.shape.len() - 1];
        let (mut rest, mut stride, mut place) = (row, leading.iter().product::<usize>(), 0);
        for &size in leading.iter().rev() {
            stride /= size;
            place += rest % size * stride;
            rest /= size;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(fortran: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
        let element = Element::Of(Stored::from_name("u8").unwrap());
        let (source, written) = (String::new(), String::new());
        let shape = shape.to_vec();
        let array = Array { source, written, element, big: false, fortran, shape, data };
        let columns = array.rows().unwrap().1;
        array.decode("elements", columns, |bytes| bytes[0]).unwrap()
    }

    #[test]
    fn rows_of_either_order_are_read_one_after_the_other() {
        let data: Vec<u8> = (0..24).collect();
        for shape in [&[24][..], &[4, 6], &[2, 3, 4], &[2, 1, 3, 4]] {
            assert_eq!(array(false, shape, &data), data);
        }
        assert_eq!(array(true, &[24], &data), data);
        assert_eq!(array(true, &[2, 3], &[0, 1, 2, 3, 4, 5]), [0, 2, 4, 1, 3, 5]);
        // numpy.arange(24).reshape(2, 3, 4, order="F").ravel()
        let due =
            [0, 6, 12, 18, 2, 8, 14, 20, 4, 10, 16, 22, 1, 7, 13, 19, 3, 9, 15, 21, 5, 11, 17, 23];
        assert_eq!(array(true, &[2, 3, 4], &data), due);
        assert_eq!(array(true, &[2, 1, 3, 4], &data), due);
    }
}
