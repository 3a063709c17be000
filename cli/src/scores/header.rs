//! The header of a `.npy` file, as numpy reads it: versions 1 to 3, and the headers of Python 2.
//!
//! It says how the array lies and which type it names; what the type is worth, and whether the array
//! is as long as it should be, is looked at in `npy`. A reason says what is wrong with the header.

use py_literal::Value;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Brackets within brackets; numpy's own headers have a few, and each takes stack to read.
const DEPTH: usize = 32;

/// What a header says.
#[derive(Debug)]
pub struct Header {
    /// The type: a string like `'<f4'`, or a list or tuple of them.
    pub descr: Value,
    /// Whether columns lie one after another, not rows.
    pub fortran: bool,
    /// Each dimension.
    pub shape: Vec<u64>,
}

/// The header of a file and the bytes after it.
pub fn read(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let cut = || "it ends in its header".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin with the magic of .npy files")?;
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
        [major, minor] => return Err(format!("its version is {major}.{minor}, not 1.0 to 3.0")),
    };
    let (text, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let text = match version {
        [3, _] => String::from_utf8(text.to_vec()).map_err(|_| "its header is no UTF-8")?,
        // Latin-1: a byte is a character.
        _ => text.iter().copied().map(char::from).collect(),
    };
    let value = literal(&text)?.parse().map_err(|error: py_literal::ParseError| {
        // The rest shows the place in the text, which nobody sees.
        let error = error.to_string();
        let reason = error.lines().next().unwrap_or_default();
        let reason = reason.split(" --> ").next().unwrap_or_default();
        format!("its header is no Python dictionary: {}", reason.trim_end_matches([':', ' ']))
    })?;
    Ok((interpret(value)?, data))
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
            return Err(format!("its header has more than {DEPTH} brackets within each other"));
        }
        plain.push(c);
    }
    Ok(plain.trim().to_owned())
}

fn interpret(value: Value) -> Result<Header, String> {
    let Value::Dict(entries) = value else {
        return Err("its header is no Python dictionary".to_owned());
    };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in entries {
        match (key.as_string().map(String::as_str), value) {
            (Some("descr"), value) => descr = Some(value),
            (Some("fortran_order"), Value::Boolean(value)) => fortran = Some(value),
            (Some("shape"), Value::Tuple(sizes)) => shape = Some(sizes),
            (_, value) => return Err(format!("its header has {key}: {value}")),
        }
    }
    let lacks = |key| format!("its header lacks {key}");
    let size = |size: Value| {
        let Value::Integer(integer) = &size else { return Err(format!("a dimension is {size}")) };
        u64::try_from(integer).map_err(|_| format!("a dimension is {size}"))
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
