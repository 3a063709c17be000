//! The source of functions as text, laid out as in the user's file, so that each token keeps its line and column.

use proc_macro2::{Delimiter, LineColumn, Spacing, Span, TokenStream, TokenTree};

/// The text of some tokens, and where it starts.
pub struct Source {
    pub text: String,
    pub file: String,
    pub line: usize,
}

impl Source {
    /// Of items, without their attributes.
    pub fn of(items: &TokenStream) -> Source {
        let mut tokens = without_attributes(items.clone()).peekable();
        let first = tokens.peek().map_or_else(Span::call_site, TokenTree::span);
        let line = first.start().line;
        let mut layout = Layout { text: String::new(), line, column: 0, last: Last::Nothing };
        tokens.for_each(|token| layout.token(token));
        Source { text: layout.text, file: first.file(), line }
    }
}

/// Attributes of items say nothing to a kernel.
fn without_attributes(items: TokenStream) -> impl Iterator<Item = TokenTree> {
    let mut in_attribute = false;
    items.into_iter().filter(move |token| {
        let starts = matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let is_attribute = starts || in_attribute;
        in_attribute = starts;
        !is_attribute
    })
}

/// What was written last.
#[derive(PartialEq)]
enum Last {
    Nothing,
    Word,
    /// The next mark belongs to it.
    Joint,
    Mark,
}

struct Layout {
    text: String,
    line: usize,
    column: usize,
    last: Last,
}

/// Tokens of another place have nothing to do with the lines here.
const MOST_LINES: usize = 200;
const MOST_COLUMNS: usize = 200;

impl Layout {
    fn token(&mut self, token: TokenTree) {
        let place = token.span().start();
        match token {
            TokenTree::Ident(word) => self.put(&word.to_string(), Some(place), Last::Word),
            TokenTree::Literal(literal) => {
                self.put(&literal.to_string(), Some(place), Last::Word);
            }
            TokenTree::Punct(punct) => {
                let last = if punct.spacing() == Spacing::Joint { Last::Joint } else { Last::Mark };
                self.put(&punct.as_char().to_string(), Some(place), last);
            }
            TokenTree::Group(group) => {
                // A fragment of another macro is one expression, whatever is beside it.
                let is_whole = group.stream().into_iter().nth(1).is_none();
                let (open, close, is_shown) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")", true),
                    Delimiter::Brace => ("{", "}", true),
                    Delimiter::Bracket => ("[", "]", true),
                    Delimiter::None if is_whole => ("", "", false),
                    Delimiter::None => ("(", ")", false),
                };
                let place = |span: Span| is_shown.then(|| span.start());
                self.put(open, place(group.span_open()), Last::Nothing);
                group.stream().into_iter().for_each(|token| self.token(token));
                self.put(close, place(group.span_close()), Last::Nothing);
            }
        }
    }

    fn put(&mut self, text: &str, place: Option<LineColumn>, last: Last) {
        if text.is_empty() {
            return;
        }
        if let Some(LineColumn { line, column }) = place {
            if (self.line + 1..=self.line + MOST_LINES).contains(&line) {
                self.text.extend(std::iter::repeat_n('\n', line - self.line));
                (self.line, self.column, self.last) = (line, 0, Last::Nothing);
            }
            if line == self.line && (self.column + 1..self.column + MOST_COLUMNS).contains(&column)
            {
                self.text.extend(std::iter::repeat_n(' ', column - self.column));
                (self.column, self.last) = (column, Last::Nothing);
            }
        }
        let apart = match self.last {
            Last::Nothing | Last::Joint => false,
            Last::Word => last == Last::Word,
            Last::Mark => matches!(last, Last::Mark | Last::Joint),
        };
        if apart {
            self.text.push(' ');
            self.column += 1;
        }
        self.text.push_str(text);
        self.column += text.chars().count();
        self.last = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn the_text_is_laid_out_as_in_the_file() {
        let text = "\n\n  /// Says.\n  fn a( x: f32 )->bool {\n    x>=-1.5&&  !b(r#in)\n  }\n  const É: i32 = 1;";
        let source = Source::of(&text.parse().unwrap());
        assert_eq!(source.line, 4);
        let laid_out = text.split_once("Says.\n").unwrap().1;
        assert_eq!(source.text, laid_out);
    }

    #[test]
    fn tokens_without_a_place_stay_apart() {
        let e = proc_macro2::Group::new(Delimiter::None, quote!(a + b));
        let one = proc_macro2::Group::new(Delimiter::None, quote!(x));
        let source = Source::of(&quote!(fn a() -> f32 { x * #e - -#one && !y }));
        let read: TokenStream = source.text.parse().unwrap();
        assert_eq!(
            read.to_string(),
            quote!(
                fn a() -> f32 {
                    x * (a + b) - -x && !y
                }
            )
            .to_string()
        );
    }
}
