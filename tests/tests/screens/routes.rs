//! That every page of the console is looked at, or holds nothing of the journal's.

use std::collections::BTreeSet;

use crate::told::Faults;

const ROUTES: &str = include_str!("../../../aggregator/src/serve/console/routes.rs");

/// Paths whose pages hold no figures of the journal, with the reason.
const BEYOND: [(&str, &str); 11] = [
    (
        "/agents",
        "agents say themselves how they are, since the server's start",
    ),
    (
        "/events",
        "tells an open page that something has moved, and nothing else",
    ),
    (
        "/slot/{unit}/{dataset}/{period}/try",
        "judges figures that somebody types",
    ),
    ("/people", "people are kept beside the journal"),
    ("/tokens", "tokens are kept beside the journal"),
    ("/account", "people are kept beside the journal"),
    ("/login", "nobody has signed in there"),
    ("/join/{token}", "nobody has signed in there"),
    ("/console.css", "a file of the program"),
    ("/console.js", "a file of the program"),
    ("/icon.svg", "a file of the program"),
];

/// Compares the paths that were looked at with those that there are.
pub(crate) fn look(seen: &BTreeSet<String>, faults: &mut Faults) {
    let routes: Vec<&str> = ROUTES.split(".route(").skip(1).filter_map(got).collect();
    assert!(
        routes.len() > 20,
        "the routes are written in another way: {routes:?}"
    );
    for route in routes {
        let is_known = BEYOND.iter().any(|(beyond, _)| *beyond == route);
        if !is_known && !seen.iter().any(|path| is_of(path, route)) {
            faults.add(format!("the console's {route} is compared with nothing"));
        }
    }
}

/// The path of a route that gives a page; those that only take forms give none.
fn got(written: &str) -> Option<&str> {
    let (path, rest) = written.trim_start().strip_prefix('"')?.split_once('"')?;
    rest.contains("get(").then_some(path)
}

fn is_of(path: &str, route: &str) -> bool {
    let (path, route): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), route.split('/').collect());
    let is_same = |(path, route): (&&str, &&str)| path == route || route.starts_with('{');
    path.len() == route.len() && path.iter().zip(&route).all(is_same)
}
