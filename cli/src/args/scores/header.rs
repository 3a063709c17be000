//! The header of a `.npy` file, as numpy reads it: versions 1 to 3, and the headers of Python 2.
//!
//! It reads the order of the array and the name of its type; `npy` checks the type and the array's length.
//! A [`Fault`] says whether the file is damaged or topkit cannot read such a header.

use py_literal::Value;
use std::fmt;

pub const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read; a record of thousands of fields is shorter.
const LENGTH: usize = 1 << 20;
/// Brackets within brackets; numpy's own headers have a few, and each takes stack to read.
const DEPTH: usize = 32;

/// Characters of a value that are shown; a record names all its fields.
const SHOWN: usize = 60;

/// The facts of a header.
#[derive(Debug)]
pub struct Header {
    /// The type: a string like `'<f4'`, or a list or tuple of them.
    pub descr: Value,
    /// Whether it is stored column by column, not row by row.
    pub fortran: bool,
    /// Each dimension.
    pub shape: Vec<u64>,
}

/// A file without a header that can be read.
#[derive(Debug)]
pub enum Fault {
    /// The file ends too early, or is no `.npy` file.
    Broken(&'static str),
    /// The header is there, and this is wrong with it.
    Header(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Broken(reason) => write!(f, "is no whole .npy file: {reason}"),
            Fault::Header(reason) => {
                write!(f, "has a header that topkit cannot read: {reason}")
            }
        }
    }
}

/// The header of a file and the bytes after it.
pub fn read(bytes: &[u8]) -> Result<(Header, &[u8]), Fault> {
    let cut = || Fault::Broken("it ends in its header");
    let rest = bytes.strip_prefix(MAGIC).ok_or(Fault::Broken(match bytes {
        [b'P', b'K', ..] => "it is a zip archive; if it is numpy's, name it .npz",
        [0x80, ..] => "it looks like a pickle of Python, which can run code and is not read",
        _ => "it does not begin with the magic of .npy files",
    }))?;
    let (&version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (length, rest) = match version {
        [1, 0] => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        [2 | 3, 0] => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        [major, minor] => {
            let reason = format!("its version is {major}.{minor}, not 1.0 to 3.0");
            return Err(Fault::Header(reason));
        }
    };
    if length > LENGTH {
        let reason = format!("it should have {length} bytes, and at most {LENGTH} are read");
        return Err(Fault::Header(reason));
    }
    let (text, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header = parse(version, text).map_err(Fault::Header)?;
    Ok((header, data))
}

fn parse(version: [u8; 2], text: &[u8]) -> Result<Header, String> {
    let text = match version {
        [3, _] => String::from_utf8(text.to_vec()).map_err(|_| "it is no UTF-8")?,
        // Latin-1: a byte is a character.
        _ => text.iter().copied().map(char::from).collect(),
    };
    let value = literal(&text)?.parse().map_err(|error: py_literal::ParseError| {
        // The rest shows the place in the text, which nobody sees.
        let error = error.to_string();
        let reason = error.lines().next().unwrap_or_default();
        let reason = reason.split(" --> ").next().unwrap_or_default();
        format!("it is no Python dictionary: {}", reason.trim_end_matches([':', ' ']))
    })?;
    interpret(value)
}

/// The text as a literal of Python 3 on one line: without the `L` of long integers and the `u` of
/// strings that Python 2 wrote.
fn literal(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut quote = None;
    let mut depth = 0usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let before = plain.chars().next_back();
        let next = chars.peek().copied();
        match (quote, c) {
            (Some(_), '\\') => {
                plain.push(c);
                plain.extend(chars.next());
                continue;
            }
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, 'u' | 'U') if matches!(next, Some('\'' | '"')) => continue,
            (None, 'L') if before.is_some_and(|c| c.is_ascii_digit()) => continue,
            (None, '\n' | '\r') => {
                plain.push(' ');
                continue;
            }
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth > DEPTH {
            return Err(format!("it has more than {DEPTH} brackets within each other"));
        }
        plain.push(c);
    }
    Ok(plain.trim().to_owned())
}

fn interpret(value: Value) -> Result<Header, String> {
    let Value::Dict(entries) = value else {
        return Err("it is no Python dictionary".to_owned());
    };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in entries {
        match (key.as_string().map(String::as_str), value) {
            (Some("descr"), value) => descr = Some(value),
            (Some("fortran_order"), Value::Boolean(value)) => fortran = Some(value),
            (Some("fortran_order"), value) => {
                return Err(format!("'fortran_order' is {}, not True or False", short(&value)));
            }
            (Some("shape"), Value::Tuple(sizes)) => shape = Some(sizes),
            (Some("shape"), value) => {
                return Err(format!("'shape' is {}, not a tuple like (2, 4)", short(&value)));
            }
            (_, value) => {
                return Err(format!(
                    "it has {}: {} beside 'descr', 'fortran_order' and 'shape'",
                    short(&key),
                    short(&value)
                ));
            }
        }
    }
    let lacks = |key| format!("it lacks '{key}'");
    let size = |size: Value| {
        let whole = match &size {
            Value::Integer(integer) => u64::try_from(integer).ok(),
            _ => None,
        };
        let limit = u64::MAX;
        whole.ok_or_else(|| {
            format!(
                "a dimension of 'shape' is {}, not a whole number from 0 to {limit}",
                short(&size)
            )
        })
    };
    Ok(Header {
        descr: descr.ok_or_else(|| lacks("descr"))?,
        fortran: fortran.ok_or_else(|| lacks("fortran_order"))?,
        shape: shape
            .ok_or_else(|| lacks("shape"))?
            .into_iter()
            .map(size)
            .collect::<Result<_, _>>()?,
    })
}

/// A value as Python writes it, so far as a message has room for it.
pub fn short(value: &Value) -> String {
    value.to_string().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_2_wrote_is_a_literal_of_python_3() {
        let text = "{u'descr': '<f4',\n 'shape': (2L, 30L), 'x': '2L (u\\'', 'L': uL}\n";
        let due = "{'descr': '<f4',  'shape': (2, 30), 'x': '2L (u\\'', 'L': uL}";
        assert_eq!(literal(text).unwrap(), due);
        assert!(literal(&"[".repeat(DEPTH)).is_ok());
        assert!(literal(&"[".repeat(DEPTH + 1)).unwrap_err().contains("brackets"));
    }
}
