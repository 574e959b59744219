//! Reads a `.proto` file into its declarations, as far as the style rules need. Not a validator: protox is that.

/// What a `.proto` file declares, flat, in the order of the text.
#[derive(Default)]
pub(crate) struct ProtoFile {
    /// The package name and its line.
    pub(crate) package: Option<(String, usize)>,
    pub(crate) declarations: Vec<Declaration>,
}

pub(crate) struct Declaration {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// The message, enum or service that it stands in; empty at the top of the file.
    pub(crate) parent: String,
    pub(crate) line: usize,
    /// Whether a comment with words in it ends on the line above.
    pub(crate) commented: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Message,
    Enum,
    EnumValue { number: String },
    Field,
    Oneof,
    Service,
    Rpc { request: String, response: String },
}

pub(crate) fn parse(text: &str) -> ProtoFile {
    let tokens = tokenize(text);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        file: ProtoFile::default(),
    };
    while reader.at < tokens.len() {
        reader.statement("", &Kind::Message);
    }
    reader.file
}

#[derive(Clone, Debug)]
struct Token {
    text: String,
    line: usize,
    commented: bool,
}

/// Words, string literals and single characters; of comments only where they end.
fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut comment_ends_on = 0;
    let (mut rest, mut line) = (text.trim_start(), 1 + count_lines(text, text.trim_start()));
    while let Some(first) = rest.chars().next() {
        let after = &rest[token_length(rest, first)..];
        let token = &rest[..rest.len() - after.len()];
        let ends_on = line + token.matches('\n').count();
        if token.starts_with("//") || token.starts_with("/*") {
            // A comment behind code on its own line belongs to that code, not to what follows.
            let trails = tokens.last().is_some_and(|last| last.line == line);
            if !trails && token.chars().any(char::is_alphanumeric) {
                comment_ends_on = ends_on;
            }
        } else {
            tokens.push(Token {
                text: token.to_owned(),
                line,
                commented: comment_ends_on + 1 == line,
            });
        }
        let next = after.trim_start();
        line = ends_on + count_lines(after, next);
        rest = next;
    }
    tokens
}

/// The lines between the start of `from` and `to`, which is its tail.
fn count_lines(from: &str, to: &str) -> usize {
    from[..from.len() - to.len()].matches('\n').count()
}

fn token_length(rest: &str, first: char) -> usize {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        rest.find("*/").map_or(rest.len(), |at| at + 2)
    } else if first == '"' || first == '\'' {
        rest[1..].find(first).map_or(rest.len(), |at| at + 2)
    } else if is_word(first) {
        rest.find(|c| !is_word(c)).unwrap_or(rest.len())
    } else {
        first.len_utf8()
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    file: ProtoFile,
}

impl Reader<'_> {
    /// Reads one statement of a block of the given kind and goes past it.
    fn statement(&mut self, parent: &str, block: &Kind) {
        let first = &self.tokens[self.at];
        match first.text.as_str() {
            "package" => {
                self.file.package = Some((self.text(1), first.line));
                self.skip();
            }
            "message" => self.block(parent, Kind::Message),
            "enum" => self.block(parent, Kind::Enum),
            "oneof" => self.block(parent, Kind::Oneof),
            "service" => self.block(parent, Kind::Service),
            "rpc" => self.rpc(parent),
            "syntax" | "edition" | "import" | "option" | "reserved" | "extensions" | ";" => {
                self.skip()
            }
            _ => self.member(parent, block),
        }
    }

    /// `kind Name { ... }`
    fn block(&mut self, parent: &str, kind: Kind) {
        let name = self.text(1);
        // A oneof's fields belong to its message.
        let inner = if kind == Kind::Oneof {
            parent.to_owned()
        } else {
            name.clone()
        };
        self.declare(kind.clone(), name, parent);
        self.at += 3;
        while self.at < self.tokens.len() && self.text(0) != "}" {
            self.statement(&inner, &kind);
        }
        self.at += 1;
    }

    /// `rpc Name(stream Request) returns (stream Response);` or with an option block.
    fn rpc(&mut self, parent: &str) {
        let words = self.tokens[self.at..]
            .iter()
            .map(|token| token.text.as_str());
        let before_end = words.take_while(|word| !matches!(*word, ";" | "{"));
        let types = before_end
            .filter(|word| !matches!(*word, "(" | ")" | "stream" | "returns"))
            .skip(2);
        let types: Vec<String> = types.map(str::to_owned).collect();
        let [request, response] = [0, 1].map(|index| types.get(index).cloned().unwrap_or_default());
        self.declare(Kind::Rpc { request, response }, self.text(1), parent);
        self.skip();
    }

    /// A field or an enum value: the word before the first `=`.
    fn member(&mut self, parent: &str, block: &Kind) {
        let equals = self.tokens[self.at..]
            .iter()
            .position(|token| token.text == "=")
            .unwrap_or(1);
        let kind = if *block == Kind::Enum {
            Kind::EnumValue {
                number: self.text(equals + 1),
            }
        } else {
            Kind::Field
        };
        self.declare(kind, self.text(equals.saturating_sub(1)), parent);
        self.skip();
    }

    fn declare(&mut self, kind: Kind, name: String, parent: &str) {
        let Token {
            line, commented, ..
        } = self.tokens[self.at];
        self.file.declarations.push(Declaration {
            kind,
            name,
            parent: parent.to_owned(),
            line,
            commented,
        });
    }

    /// Goes past the next `;` or closed `{...}` at this level.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            let text = self.text(0);
            self.at += 1;
            match text.as_str() {
                "{" | "[" => depth += 1,
                "]" => depth = depth.saturating_sub(1),
                "}" => depth = depth.saturating_sub(1),
                ";" if depth == 0 => return,
                _ => continue,
            }
            // `option (x) = { ... };` has a `;` after its brace, which is then an empty statement.
            if text == "}" && depth == 0 {
                return;
            }
        }
    }

    fn text(&self, ahead: usize) -> String {
        self.tokens
            .get(self.at + ahead)
            .map(|token| token.text.clone())
            .unwrap_or_default()
    }
}

#[test]
fn declarations_are_read_with_their_comments() {
    let file = parse(
        r#"syntax = "proto3";
// About.
package a.v1;

// A message.
message M {
  // One.
  optional string a = 1 [deprecated = true]; // trailing
  map<string, N> b = 2;
  /* The choice
     of one. */
  oneof choice {
    // Left.
    N c = 3;
  }
}
//
enum E { E_UNSPECIFIED = 0; }
// Serves.
service S {
  // Calls.
  rpc Call(stream CallRequest) returns (x.CallResponse) { option (a) = { b: 1 }; }
}
"#,
    );
    assert_eq!(file.package, Some(("a.v1".to_owned(), 3)));
    let read: Vec<_> = file
        .declarations
        .iter()
        .map(|d| (d.name.as_str(), d.parent.as_str(), d.line, d.commented))
        .collect();
    let expected = [
        ("M", "", 6, true),
        ("a", "M", 8, true),
        ("b", "M", 9, false),
        ("choice", "M", 12, true),
        ("c", "M", 14, true),
        ("E", "", 18, false),
        ("E_UNSPECIFIED", "E", 18, false),
        ("S", "", 20, true),
        ("Call", "S", 22, true),
    ];
    assert_eq!(read, expected);
    let rpc = Kind::Rpc {
        request: "CallRequest".to_owned(),
        response: "x.CallResponse".to_owned(),
    };
    assert_eq!(file.declarations.last().map(|d| &d.kind), Some(&rpc));
}
