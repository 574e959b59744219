//! What a query asks for. Each group of parameters is described where it is read, so the document cannot tell of one that nobody reads; a
//! parameter that no group has taken is refused by name, because a misspelt filter would silently be none.

use std::{collections::BTreeMap, str::FromStr};

use granary_proto::v1;
use jiff::Timestamp;

use super::{answer::Desk, problem::Problem};

/// The parameters of a query that have not been read yet.
pub(super) struct Asked(BTreeMap<String, Vec<String>>);

impl Asked {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            all.entry(name.into_owned())
                .or_default()
                .push(value.into_owned());
        }
        Self(all)
    }

    /// Values that are separated by commas, or repeated.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let all = self.0.remove(name).unwrap_or_default();
        let values = all.iter().flat_map(|text| text.split(','));
        let values = values.map(str::trim).filter(|value| !value.is_empty());
        values.map(str::to_owned).collect()
    }

    /// One value; an empty one is as if it were not there.
    pub(super) fn one(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut all = self.0.remove(name).unwrap_or_default();
        if all.len() > 1 {
            let (zh, en) = (
                format!("{name} 只能给一次"),
                format!("{name} may be given once"),
            );
            return Err(Problem::invalid(name, zh, en));
        }
        Ok(all.pop().filter(|value| !value.is_empty()))
    }

    /// One value that has to be there.
    pub(super) fn need(&mut self, name: &str) -> Result<String, Problem> {
        let (zh, en) = (format!("缺少 {name}"), format!("{name} is missing"));
        self.one(name)?
            .ok_or_else(|| Problem::invalid(name, zh, en))
    }

    /// A whole number; `None` where it is not given.
    pub(super) fn number<N: FromStr>(&mut self, name: &str) -> Result<Option<N>, Problem> {
        let read = |text: String| text.parse().map_err(|_| unfit(name, &text));
        self.one(name)?.map(read).transpose()
    }

    /// `true` or `false`; false where it is not given.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        Ok(match self.one(name)?.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(unfit(name, other)),
        })
    }

    /// One of several words, as a number of the wire; 0 where it is not given.
    pub(super) fn word(&mut self, name: &str, words: &[(&str, i32)]) -> Result<i32, Problem> {
        self.one(name)?
            .map_or(Ok(0), |text| known(name, &text, words))
    }

    /// Some of several words, as numbers of the wire.
    pub(super) fn words(&mut self, name: &str, words: &[(&str, i32)]) -> Result<Vec<i32>, Problem> {
        let all = self.list(name);
        all.iter().map(|text| known(name, text, words)).collect()
    }

    /// Refuses what nobody has read.
    pub(super) fn end(self) -> Result<(), Problem> {
        self.0.into_keys().next().map_or(Ok(()), |name| {
            let name: String = name.chars().take(40).collect();
            let (zh, en) = (
                format!("没有 {name} 这个参数"),
                format!("there is no parameter {name}"),
            );
            Err(Problem::invalid(&name, zh, en))
        })
    }
}

fn known(name: &str, text: &str, words: &[(&str, i32)]) -> Result<i32, Problem> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, number)| *number).ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let all = all.join(", ");
        Problem::invalid(
            name,
            format!("{name} 应为：{all}"),
            format!("{name} is one of {all}"),
        )
    })
}

fn unfit(name: &str, text: &str) -> Problem {
    let text: String = text.chars().take(60).collect();
    Problem::invalid(
        name,
        format!("{name} 不能是“{text}”"),
        format!("{name} cannot be {text:?}"),
    )
}

/// Which slots are meant; what is left out means all that the token sees.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(super) struct FilterParams {
    /// Datasets, separated by commas.
    #[param(style = Form, explode = false)]
    dataset: Option<Vec<String>>,
    /// Reference periods in SDMX form, separated by commas: `2021-Q3,2021-Q4`.
    #[param(style = Form, explode = false)]
    period: Option<Vec<String>>,
    /// Units, separated by commas.
    #[param(style = Form, explode = false)]
    unit: Option<Vec<String>>,
    /// Only this unit and whatever was ever below it in the tree.
    under: Option<String>,
}

impl FilterParams {
    pub(super) fn read(asked: &mut Asked, desk: &Desk<'_>) -> Result<v1::SlotFilter, Problem> {
        let (datasets, periods) = (asked.list("dataset"), asked.list("period"));
        let (units, under) = (asked.list("unit"), asked.one("under")?);
        let mut filter = desk
            .scope
            .filter(&desk.catalogue, under.as_deref(), datasets, periods)?;
        if units.is_empty() {
            return Ok(filter);
        }
        for unit in &units {
            desk.scope.unit(unit)?;
        }
        let is_within = |unit: &String| filter.units.is_empty() || filter.units.contains(unit);
        let wanted: Vec<String> = units.into_iter().filter(is_within).collect();
        if wanted.is_empty() {
            return Err(Problem::invalid(
                "unit",
                "所列单位都不在 under 之下",
                "none of these units is below the one in `under`",
            ));
        }
        filter.units = wanted;
        Ok(filter)
    }
}

/// The instant that is asked about.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(super) struct AsOfParams {
    /// What was known at this instant, in RFC 3339: `2022-04-08T04:00:00Z`; now, where it is left out.
    #[param(value_type = Option<super::model::At>)]
    as_of: Option<String>,
}

impl AsOfParams {
    /// In milliseconds since 1970-01-01T00:00:00Z; 0 where it is left out.
    pub(super) fn read(asked: &mut Asked) -> Result<i64, Problem> {
        let Some(text) = asked.one("as_of")? else {
            return Ok(0);
        };
        let at: Timestamp = text.parse().map_err(|_| {
            Problem::invalid(
                "as_of",
                "as_of 应为 RFC 3339 时刻，例如 2022-04-08T04:00:00Z（+ 号须写作 %2B）",
                "as_of is an instant in RFC 3339, such as 2022-04-08T04:00:00Z (a + has to be written %2B)",
            )
        })?;
        Ok(at.as_millisecond())
    }
}

/// Whether history counts that was imported from before the system.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(super) struct ImportedParams {
    /// Whether slots that only imported history settles count among those expected; false where it is left out.
    imported: Option<bool>,
}

impl ImportedParams {
    pub(super) fn read(asked: &mut Asked) -> Result<bool, Problem> {
        asked.flag("imported")
    }
}

/// Where a listing goes on. A page may hold fewer than asked for, even none; go on while there is a token.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(super) struct PageParams {
    /// How many at the most; 1,000 where it is left out, at most 10,000.
    #[param(minimum = 1, maximum = 10_000)]
    page_size: Option<u32>,
    /// `next_page_token` of the page before; it goes on with the same request and no other.
    page_token: Option<String>,
}

impl PageParams {
    /// The size, 0 for the default, and the token.
    pub(super) fn read(asked: &mut Asked) -> Result<(u32, String), Problem> {
        let size = asked.number("page_size")?;
        if size == Some(0) {
            return Err(unfit("page_size", "0"));
        }
        Ok((
            size.unwrap_or(0),
            asked.one("page_token")?.unwrap_or_default(),
        ))
    }
}

/// How counts are grouped.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(super) struct GroupParams {
    /// `unit`, `dataset`, `period`, `dataset-period`, `unit-dataset`, `department` or `level`; one row where it is left out.
    group_by: Option<String>,
}

impl GroupParams {
    pub(super) fn read(asked: &mut Asked) -> Result<i32, Problem> {
        const WORDS: [(&str, i32); 7] = [
            ("unit", v1::GroupBy::Unit as i32),
            ("dataset", v1::GroupBy::Dataset as i32),
            ("period", v1::GroupBy::Period as i32),
            ("dataset-period", v1::GroupBy::DatasetPeriod as i32),
            ("unit-dataset", v1::GroupBy::UnitDataset as i32),
            ("department", v1::GroupBy::Department as i32),
            ("level", v1::GroupBy::Level as i32),
        ];
        asked.word("group_by", &WORDS)
    }
}
