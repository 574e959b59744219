//! What a page shows: every cell of every table, and every other text with a figure in it, each with the place where it stands.
//!
//! Everything in `main` is read but for what holds no figures of the city: forms (what may be asked or done), lines of links, and the marks on
//! a drawing's axes, which say where its lines are. So a figure that is new on a page is read without a change here.

use std::{collections::BTreeMap, rc::Rc};

use html5ever::{parse_document, tendril::TendrilSink as _};
use markup5ever_rcdom::{Handle, Node, NodeData, RcDom};

/// Elements without figures of the city.
const PASSED: [&str; 7] = [
    "form", "nav", "script", "noscript", "button", "select", "template",
];
/// Elements that are read as one text.
const BLOCKS: [&str; 10] = [
    "h1",
    "h2",
    "h3",
    "p",
    "li",
    "dt",
    "dd",
    "summary",
    "pre",
    "figcaption",
];
/// Divisions that are read as one text, by their first class.
const TILES: [&str; 2] = ["tile", "number"];

/// One thing that a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Where: under which heading, or in which row and column of which table.
    pub(crate) place: String,
    /// The beginning of the row, for people.
    pub(crate) row: String,
    /// What.
    pub(crate) text: String,
}

/// Reads a page in the order in which it is shown.
pub(crate) fn read(page: &str) -> Vec<Shown> {
    let dom = parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(page);
    let main = find(&dom.document, "main").expect("every page has a main part");
    let mut reader = Reader::default();
    reader.below(&main);
    reader.shown
}

/// Whether a text has a figure in it, or the sign that stands where there is none.
pub(crate) fn is_figure(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) || text.contains('—')
}

#[derive(Default)]
struct Reader {
    heading: String,
    label: String,
    table: String,
    seen: BTreeMap<String, usize>,
    shown: Vec<Shown>,
}

impl Reader {
    fn below(&mut self, node: &Handle) {
        for child in node.children.borrow().iter() {
            self.node(child);
        }
    }

    fn node(&mut self, node: &Handle) {
        let Some(tag) = tag(node) else {
            if let NodeData::Text { contents } = &node.data {
                self.block("text", squeezed(&contents.borrow()));
            }
            return;
        };
        let class = class(node);
        match tag {
            _ if PASSED.contains(&tag) => {}
            "table" => self.table(node),
            "svg" => self.drawing(node),
            "div" if class == "tools" => self.tools(node),
            "h1" | "h2" | "h3" => {
                self.heading = squeezed(&without_counts(node));
                self.block(tag, text(node));
            }
            _ if BLOCKS.contains(&tag) || TILES.contains(&class.as_str()) => {
                let kind = if TILES.contains(&class.as_str()) {
                    class.as_str()
                } else {
                    tag
                };
                self.block(kind, text(node));
            }
            _ => self.region(node),
        }
    }

    /// A part of the page; a labelled one names the table in it.
    fn region(&mut self, node: &Handle) {
        if let Some(label) = attribute(node, "aria-label") {
            self.label = label;
        }
        if let Some(id) = attribute(node, "id") {
            self.table = id;
        }
        self.below(node);
    }

    fn block(&mut self, kind: &str, text: String) {
        if is_figure(&text) {
            let place = format!("{} › {kind}", self.heading);
            self.add(place, String::new(), text);
        }
    }

    /// Beside a table only the count of its rows is a figure.
    fn tools(&mut self, node: &Handle) {
        let mut counts = Vec::new();
        gather(
            node,
            &|node| attribute(node, "data-count").is_some(),
            &mut counts,
        );
        for count in counts {
            let place = format!("{} › count", self.table);
            self.add(place, String::new(), text(&count));
        }
    }

    /// A bar tells its counts in its label, a line its values in its points' titles.
    fn drawing(&mut self, node: &Handle) {
        self.block("drawing", text(node));
        let mut titles = Vec::new();
        gather(node, &|node| tag(node) == Some("title"), &mut titles);
        for title in titles {
            let mut words = String::new();
            gather_text(&title, &mut words);
            self.block("point", squeezed(&words));
        }
    }

    fn table(&mut self, node: &Handle) {
        let mut rows = Vec::new();
        gather(node, &|node| tag(node) == Some("tr"), &mut rows);
        let mut rows = rows.into_iter();
        let columns: Vec<String> = rows.next().map(|row| cells(&row)).unwrap_or_default();
        for (at, row) in rows.enumerate() {
            let cells = cells(&row);
            let first = cells.first().cloned().unwrap_or_default();
            for (column, cell) in cells.into_iter().enumerate() {
                let column = columns.get(column).map_or("beyond", String::as_str);
                let place = format!("{} › row {} › {column}", self.label, at + 1);
                self.add(place, first.clone(), cell);
            }
        }
    }

    fn add(&mut self, place: String, row: String, text: String) {
        let turn = self.seen.entry(place.clone()).or_default();
        *turn += 1;
        let place = if *turn == 1 {
            place
        } else {
            format!("{place} #{turn}")
        };
        self.shown.push(Shown { place, row, text });
    }
}

fn cells(row: &Handle) -> Vec<String> {
    let children = row.children.borrow();
    let cells = children
        .iter()
        .filter(|node| matches!(tag(node), Some("td" | "th")));
    cells.map(text).collect()
}

/// The text of an element, its drawings by their labels.
fn text(node: &Handle) -> String {
    let mut words = String::new();
    gather_text(node, &mut words);
    squeezed(&words)
}

fn gather_text(node: &Handle, into: &mut String) {
    if let NodeData::Text { contents } = &node.data {
        into.push_str(&contents.borrow());
    }
    let Some(tag) = tag(node).filter(|tag| !PASSED.contains(tag)) else {
        return;
    };
    into.push(' ');
    if tag == "svg" {
        let label = attribute(node, "aria-label").unwrap_or_default();
        into.push_str(&format!("[{label}]"));
    } else {
        for child in node.children.borrow().iter() {
            gather_text(child, into);
        }
    }
    into.push(' ');
}

/// A heading's words without the figures behind them.
fn without_counts(node: &Handle) -> String {
    let mut words = String::new();
    for child in node.children.borrow().iter() {
        if !matches!(class(child).as_str(), "count" | "quiet") {
            gather_text(child, &mut words);
        }
    }
    words
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn find(node: &Handle, wanted: &str) -> Option<Handle> {
    let mut found = Vec::new();
    gather(node, &|node| tag(node) == Some(wanted), &mut found);
    found.into_iter().next()
}

fn gather(node: &Handle, wanted: &dyn Fn(&Handle) -> bool, found: &mut Vec<Handle>) {
    for child in node.children.borrow().iter() {
        if wanted(child) {
            found.push(Rc::clone(child));
        }
        gather(child, wanted, found);
    }
}

fn tag(node: &Rc<Node>) -> Option<&str> {
    let NodeData::Element { name, .. } = &node.data else {
        return None;
    };
    Some(&name.local)
}

/// The first class of an element, or nothing.
fn class(node: &Handle) -> String {
    let all = attribute(node, "class").unwrap_or_default();
    all.split_whitespace().next().unwrap_or_default().to_owned()
}

fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else {
        return None;
    };
    let attrs = attrs.borrow();
    let found = attrs
        .iter()
        .find(|attribute| &*attribute.name.local == wanted);
    found.map(|attribute| attribute.value.to_string())
}
