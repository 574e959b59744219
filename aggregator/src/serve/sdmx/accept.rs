//! Which form an answer has: what a request accepts (RFC 9110, 12.5.1), of the forms that there are.

use axum::http::{HeaderMap, header};

use crate::serve::api::{ApiProblem, ProblemKind};

/// A form of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Json,
}

pub(super) const DATA_CSV: &str = "application/vnd.sdmx.data+csv;version=2.0.0";
pub(super) const DATA_JSON: &str = "application/vnd.sdmx.data+json;version=2.0.0";
pub(super) const STRUCTURE_JSON: &str = "application/vnd.sdmx.structure+json;version=2.0.0";

/// The form of data that is wanted. Whoever takes anything gets SDMX-JSON.
pub(super) fn data(headers: &HeaderMap) -> Result<Form, ApiProblem> {
    let known = |kind: &str, version: Option<&str>| match kind {
        "application/vnd.sdmx.data+json" if is_two(version) => Some(Form::Json),
        "application/vnd.sdmx.data+csv" if is_two(version) => Some(Form::Csv),
        "application/json" | "application/*" | "*/*" => Some(Form::Json),
        "text/csv" | "text/*" => Some(Form::Csv),
        _ => None,
    };
    chosen(headers, Form::Json, known).ok_or_else(|| refused(&[DATA_CSV, DATA_JSON]))
}

/// Whether structures can be given: they have one form.
pub(super) fn structure(headers: &HeaderMap) -> Result<(), ApiProblem> {
    let known = |kind: &str, version: Option<&str>| match kind {
        "application/vnd.sdmx.structure+json" => is_two(version).then_some(()),
        "application/json" | "application/*" | "*/*" => Some(()),
        _ => None,
    };
    chosen(headers, (), known).ok_or_else(|| refused(&[STRUCTURE_JSON]))
}

fn is_two(version: Option<&str>) -> bool {
    version.is_none_or(|version| version == "2.0.0" || version == "2.0")
}

/// The form with the highest weight, of those the first.
fn chosen<F>(
    headers: &HeaderMap,
    default: F,
    known: impl Fn(&str, Option<&str>) -> Option<F>,
) -> Option<F> {
    let mut lines = headers.get_all(header::ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return Some(default);
    }
    let ranges = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let mut best: Option<(f64, F)> = None;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut weight, mut version) = (1.0, None);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "q" => weight = value.trim().parse().unwrap_or(0.0),
                "version" => version = Some(value.trim().trim_matches('"')),
                _ => {}
            }
        }
        if let Some(form) = known(&kind, version)
            && weight > best.as_ref().map_or(0.0, |(weight, _)| *weight)
        {
            best = Some((weight, form));
        }
    }
    best.map(|(_, form)| form)
}

fn refused(forms: &[&str]) -> ApiProblem {
    let forms = forms.join(", ");
    ApiProblem::new(
        ProblemKind::NotAcceptable,
        format!("请在 Accept 中给出：{forms}"),
        format!("accept one of: {forms}"),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepting(text: &'static str) -> Option<Form> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(text))]);
        data(&headers).ok()
    }

    #[test]
    fn the_preferred_form_of_those_there_are_is_given() {
        assert_eq!(data(&HeaderMap::new()).ok(), Some(Form::Json));
        assert_eq!(accepting("*/*"), Some(Form::Json));
        assert_eq!(accepting(DATA_CSV), Some(Form::Csv));
        assert_eq!(
            accepting("text/csv;q=0.4, application/vnd.sdmx.data+json;version=2.0.0;q=0.9"),
            Some(Form::Json)
        );
        assert_eq!(
            accepting("application/vnd.sdmx.data+xml;version=3.0.0, text/csv;q=0.1"),
            Some(Form::Csv)
        );
        assert_eq!(
            accepting("application/vnd.sdmx.data+json;version=1.0.0"),
            None
        );
        assert_eq!(
            accepting("application/vnd.sdmx.data+xml;version=3.0.0"),
            None
        );
        assert_eq!(accepting("text/csv;q=0"), None);
    }
}
