//! The wire contract in the style that buf calls STANDARD, with a comment on everything: other people write agents
//! from these files alone.

use crate::proto_text::{Declaration, Kind, parse};
use crate::repository::{Repository, Violation, finds, holds};

fn everything_is_commented(repository: &Repository) -> Vec<Violation> {
    each_declaration(repository, |declaration| {
        let message = "put a comment on the line above: what it means, its unit and its bounds";
        (!declaration.commented).then(|| format!("{}: {message}", declaration.name))
    })
}

fn files_stand_where_their_package_says(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.texts_ending(".proto") {
        let name = path
            .rsplit('/')
            .next()
            .unwrap_or(path)
            .trim_end_matches(".proto");
        match parse(text).package {
            Some((package, _)) if package == "granary.v1" && path.contains("granary/v1/") => {}
            Some((package, line)) => {
                found.push(Violation::new(
                    path,
                    line,
                    format!("package `{package}`: say granary.v1 and keep the file in granary/v1/"),
                ));
            }
            None => found.push(Violation::new(path, 1, "say `package granary.v1;`")),
        }
        if !is_lower_snake(name) {
            found.push(Violation::new(path, 1, "name the file in lower_snake_case"));
        }
    }
    found
}

fn names_have_their_case(repository: &Repository) -> Vec<Violation> {
    each_declaration(repository, |declaration| {
        let name = &declaration.name;
        let (fits, case) = match declaration.kind {
            Kind::Message | Kind::Enum | Kind::Service | Kind::Rpc { .. } => {
                (is_upper_camel(name), "UpperCamelCase")
            }
            Kind::Field | Kind::Oneof => (is_lower_snake(name), "lower_snake_case"),
            Kind::EnumValue { .. } => (
                is_lower_snake(&name.to_ascii_lowercase())
                    && !name.contains(|c: char| c.is_lowercase()),
                "UPPER_SNAKE_CASE",
            ),
        };
        (!fits).then(|| format!("`{name}` must be in {case}"))
    })
}

/// Enum values share one name space in some languages, hence the prefix; zero means that nobody said anything.
fn enum_values_are_prefixed(repository: &Repository) -> Vec<Violation> {
    each_declaration(repository, |declaration| {
        let Kind::EnumValue { number } = &declaration.kind else {
            return None;
        };
        let prefix = upper_snake(&declaration.parent);
        let unspecified = format!("{prefix}_UNSPECIFIED");
        if number == "0" && declaration.name != unspecified {
            return Some(format!(
                "the zero value `{}` must be `{unspecified}`",
                declaration.name
            ));
        }
        let prefixed = declaration.name.starts_with(&format!("{prefix}_"));
        (!prefixed).then(|| format!("`{}` must begin with `{prefix}_`", declaration.name))
    })
}

fn services_and_calls_are_named_alike(repository: &Repository) -> Vec<Violation> {
    each_declaration(repository, |declaration| {
        let name = &declaration.name;
        match &declaration.kind {
            Kind::Service => {
                (!name.ends_with("Service")).then(|| format!("`{name}` must end in Service"))
            }
            Kind::Rpc { request, response } => {
                let fits =
                    *request == format!("{name}Request") && *response == format!("{name}Response");
                (!fits)
                    .then(|| format!("`{name}` must take {name}Request and return {name}Response"))
            }
            Kind::Message | Kind::Enum | Kind::EnumValue { .. } | Kind::Field | Kind::Oneof => None,
        }
    })
}

fn each_declaration(
    repository: &Repository,
    judge: impl Fn(&Declaration) -> Option<String>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.texts_ending(".proto") {
        for declaration in parse(text).declarations {
            found.extend(
                judge(&declaration).map(|message| Violation::new(path, declaration.line, message)),
            );
        }
    }
    found
}

fn is_lower_snake(name: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('_').all(word)
}

fn is_upper_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// `ObsStatus` becomes `OBS_STATUS`, `TLSMode` becomes `TLS_MODE`.
fn upper_snake(camel: &str) -> String {
    let letters: Vec<char> = camel.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_word = index > 0 && !letters[index - 1].is_ascii_uppercase();
        let before_word = index > 0 && letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && (after_word || before_word) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_uppercase());
    }
    snake
}

#[test]
fn every_declaration_has_a_comment() {
    holds(everything_is_commented);
    let text = "// M.\nmessage M {\n  string a = 1; // behind\n  // b\n  string b = 2;\n}\n";
    finds(
        everything_is_commented,
        &[("proto/granary/v1/a.proto", text)],
        &["proto/granary/v1/a.proto:3"],
    );
}

#[test]
fn every_file_stands_in_its_package() {
    holds(files_stand_where_their_package_says);
    let files = [
        ("p/granary/v1/Bad.proto", "package granary.v1;"),
        ("p/granary/v1/good.proto", "package granary.v1;"),
        ("p/none.proto", ""),
        ("p/other.proto", "\npackage granary.v1;"),
    ];
    let places = [
        "p/granary/v1/Bad.proto:1",
        "p/none.proto:1",
        "p/other.proto:2",
    ];
    finds(files_stand_where_their_package_says, &files, &places);
}

#[test]
fn names_are_in_their_case() {
    holds(names_have_their_case);
    let text = r"message snake_case {
  string camelCase = 1;
  string fine_2 = 2;
}
enum E {
  e_lower = 0;
  E_FINE = 1;
}
service S {
  rpc get(A) returns (B);
}
";
    finds(
        names_have_their_case,
        &[("a.proto", text)],
        &["a.proto:1", "a.proto:2", "a.proto:6", "a.proto:10"],
    );
}

#[test]
fn enum_values_carry_their_enums_name() {
    holds(enum_values_are_prefixed);
    let text = r"enum ObsStatus {
  OBS_STATUS_NONE = 0;
  OBS_STATUS_A = 1;
  B = 2;
}
enum TLSMode {
  TLS_MODE_UNSPECIFIED = 0;
}
";
    finds(
        enum_values_are_prefixed,
        &[("a.proto", text)],
        &["a.proto:2", "a.proto:4"],
    );
}

#[test]
fn services_end_in_service_and_calls_take_their_own_messages() {
    holds(services_and_calls_are_named_alike);
    let text = r"service Push {
  rpc Push(stream PushRequest) returns (stream PushResponse);
  rpc Get(Id) returns (GetResponse);
}
service PullService {}
";
    finds(
        services_and_calls_are_named_alike,
        &[("a.proto", text)],
        &["a.proto:1", "a.proto:3"],
    );
}
