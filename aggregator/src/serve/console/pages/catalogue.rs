//! *Catalogue*: the files in force, and publishing others: their faults by line and column, or what they would change; then the signature.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use granary_core::{
    catalogue::{Bundle, Dataset, Fault},
    ledger::Deed,
    text::Bilingual,
};
use maud::{Markup, PreEscaped, html};

use super::consequences;
use crate::{
    examination::{Examined, Unsound, examine},
    people::Right,
    serve::{
        collection,
        console::{
            Console, acts,
            drafts::After,
            problem::Problem,
            routes::{Room, fields, page},
            view::{Frame, Tab, Visitor},
        },
        failure::Failure,
    },
};

/// The largest form, in bytes: a whole catalogue, each byte of which a browser may write as three.
pub(in crate::serve::console) const FORM_BYTES_MAX: usize = 3 * Bundle::LEN_BYTES_MAX + (1 << 20);
/// Faults that are shown.
const FAULTS_MAX: usize = 200;
/// Files that a form may bring beyond those that a catalogue may have: some are left empty.
const FIELDS_MAX: usize = 2 * Bundle::FILES_MAX;

/// `GET /catalogue`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(console, visitor, (Right::Look, None), |room| {
        let frame = room.frame(Tab::Units);
        let title = frame.pick("报表制度", "Catalogue");
        let files = in_force(room)?;
        let catalogue = &room.catalogue;
        let edits: usize = catalogue.datasets().iter().map(|one| one.edits().len()).sum();
        let body = html! {
            h1 { (title) " " span.quiet { (frame.visitor.say(catalogue.name())) } }
            dl.facts {
                dt { (frame.pick("现行版本", "Version in force")) } dd { code { (catalogue.version()) } }
                dt { (frame.pick("单位", "Units")) } dd { (catalogue.units().len()) }
                dt { (frame.pick("指标", "Indicators")) } dd { (catalogue.indicators().len()) }
                dt { (frame.pick("报表", "Datasets")) } dd { (catalogue.datasets().len()) }
                dt { (frame.pick("审核规则", "Edits")) } dd { (edits) }
            }
            (datasets(&frame, catalogue.datasets()))
            @if acts::whole_city(room).is_ok() {
                h2 { (frame.pick("发布新版", "Publish another version")) }
                (form(&frame, files.files()))
            } @else { h2 { (frame.pick("文件", "Files")) } @for (name, text) in files.files() { details.act { summary { code { (name) } } pre tabindex="0" { (text) } } } }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// `POST /catalogue`: the files are examined; where they may be published, the act is there to be signed.
pub(in crate::serve::console) async fn propose(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    page(console, visitor, (Right::Act, None), move |room| {
        acts::whole_city(room)?;
        let files = given(&fields(room.visitor, &body)?)?;
        let frame = room.frame(Tab::Units);
        let title = frame.pick("发布报表制度", "Publish a catalogue");
        let examined = Bundle::new(files.clone()).map_err(|error| {
            let why = error.to_string();
            Bilingual::new(format!("不能作为报表制度的文件：{why}"), why)
        });
        let said = match examined {
            Err(why) => html! { p.notice.bad role="alert" { (frame.visitor.say(&why)) } },
            Ok(bundle) => match examine(&bundle) {
                Err(Unsound::Faults(faults)) => faulty(&frame, &files, &faults),
                Err(Unsound::Contradictions(lines)) => contradictory(&frame, &lines),
                Ok(examined) => sound(room, &frame, bundle, &examined)?,
            },
        };
        let body = html! {
            h1 { (title) }
            (said)
            details.act { summary { (frame.pick("修改文件", "Change the files")) } (form(&frame, &files)) }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// The files in force.
fn in_force(room: &Room<'_>) -> Result<Bundle, Problem> {
    let bytes = collection::bundle(&room.console.city, room.catalogue.version())?;
    Ok(Bundle::decode(&bytes).map_err(Failure::internal)?)
}

/// The files of a form: pairs of `name` and `text`, the empty ones left out. Browsers send line ends as CR LF.
fn given(fields: &[(String, String)]) -> Result<BTreeMap<String, String>, Problem> {
    let (mut files, mut name) = (BTreeMap::new(), None);
    for (field, value) in fields.iter().take(2 * FIELDS_MAX) {
        match field.as_str() {
            "name" => name = Some(value.trim().to_owned()),
            "text" => {
                let name = name.take().unwrap_or_default();
                let text = value.replace("\r\n", "\n");
                if text.trim().is_empty() {
                    continue;
                }
                let known = files.insert(name.clone(), text);
                if known.is_some() {
                    return Err(Problem::unfit(
                        format!("有两个文件名为 {name}"),
                        format!("two files are called {name}"),
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(files)
}

fn form(frame: &Frame<'_>, files: &BTreeMap<String, String>) -> Markup {
    html! {
        form.files method="post" action="/catalogue" data-files {
            (frame.visitor.secret())
            p { (frame.pick("把 .toml 文件拖到这里（同名的替换，其余保留），或在下面粘贴；清空一个文件即删除它。", "Drop .toml files here (those of the same name are replaced, the others stay), or paste below; to remove a file empty it.")) }
            p { input type="file" accept=".toml" multiple hidden aria-label=(frame.pick("选择文件", "Choose files")); " " span.quiet data-files-told aria-live="polite" {} }
            @for (name, text) in files { (file(frame, name, text, false)) }
            (file(frame, "", "", true))
            div.row { button type="submit" { (frame.pick("检查并比较", "Check and compare")) } }
        }
    }
}

/// One file. A browser drops the first line end of a textarea, so one is written before the text.
fn file(frame: &Frame<'_>, name: &str, text: &str, is_fresh: bool) -> Markup {
    html! { details.act data-file open[is_fresh && name.is_empty() && text.is_empty()] {
        summary { @if is_fresh { (frame.pick("再加一个文件", "One more file")) } @else { code { (name) } } }
        label { span { (frame.pick("文件名", "File name")) } input type="text" name="name" value=(name) placeholder="edits.toml" maxlength="64" spellcheck="false"; }
        label { span { (frame.pick("内容", "Text")) } textarea.code name="text" rows="14" spellcheck="false" { (PreEscaped("\n")) (text) } }
    } }
}

fn datasets(frame: &Frame<'_>, datasets: &[Dataset]) -> Markup {
    html! { details { summary { (frame.pick("报表与规则", "Datasets and edits")) } @for dataset in datasets {
        h3 { (frame.visitor.say(dataset.name())) " " code { (dataset.code()) } }
        ul.plain { @for edit in dataset.edits() { li { code { (edit.id()) } " " (frame.visitor.say(edit.message())) " " code.quiet { (edit.expression()) } } } }
    } } }
}

/// Each fault with its line, and the place in it.
fn faulty(frame: &Frame<'_>, files: &BTreeMap<String, String>, faults: &[Fault]) -> Markup {
    html! {
        p.notice.bad role="alert" { (faults.len()) " " (frame.pick("处错误，不能发布", "faults: it cannot be published")) }
        ol.plain { @for fault in faults.iter().take(FAULTS_MAX) { li.fault {
            p { strong { code { (fault.file) ":" (fault.line) ":" (fault.column) } } " " (frame.visitor.say(&fault.message)) }
            (excerpt(files, fault))
            p.quiet { (frame.visitor.say(&fault.remedy)) }
        } } }
        @if faults.len() > FAULTS_MAX { p.quiet { (frame.pick("其余从略", "the others are left out")) } }
    }
}

fn excerpt(files: &BTreeMap<String, String>, fault: &Fault) -> Markup {
    let line = files.get(&fault.file);
    let line = line.and_then(|text| text.lines().nth((fault.line as usize).saturating_sub(1)));
    let Some(line) = line else { return html! {} };
    let before: String = line
        .chars()
        .take((fault.column as usize).saturating_sub(1))
        .collect();
    let mut rest = line[before.len()..].chars();
    let at = rest.next();
    html! { pre { (before) mark { @match at { Some(at) => (at), None => " " } } (rest.as_str()) } }
}

fn contradictory(frame: &Frame<'_>, lines: &[Bilingual]) -> Markup {
    html! {
        p.notice.bad role="alert" { (frame.pick("规则互相矛盾，不能发布", "edits contradict each other: it cannot be published")) }
        ul { @for line in lines.iter().take(FAULTS_MAX) { li { (frame.visitor.say(line)) } } }
    }
}

fn sound(
    room: &Room<'_>,
    frame: &Frame<'_>,
    bundle: Bundle,
    examined: &Examined,
) -> Result<Markup, Problem> {
    let version = bundle.version();
    if version == room.catalogue.version() {
        return Ok(
            html! { p.notice.wait { (frame.pick("与现行版本相同，没有可发布的", "it is the version in force: there is nothing to publish")) } },
        );
    }
    let told = consequences::told(
        room,
        frame,
        &in_force(room)?,
        (&bundle, &examined.catalogue),
    )?;
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    let proposal = acts::Proposal {
        deed: Deed::PublishCatalogue(bundle),
        what: format!("publish catalogue {}", version.short()),
        words: vec![
            line(
                "操作",
                "Act",
                frame.pick("发布报表制度", "publish a catalogue").to_owned(),
            ),
            line(
                "名称",
                "Name",
                frame.visitor.say(examined.catalogue.name()).to_owned(),
            ),
            line("新版本", "New version", version.to_string()),
            line(
                "现行版本",
                "Version in force",
                room.catalogue.version().to_string(),
            ),
        ],
        after: After::Catalogue,
    };
    Ok(html! {
        p.notice.good role="status" { (frame.pick("文件无误", "the files are sound")) }
        @if !examined.remarks.is_empty() { ul { @for remark in &examined.remarks { li { (frame.visitor.say(remark)) } } } }
        (told)
        h2 { (frame.pick("核对并签署", "Look it over and sign")) }
        (acts::offer(room, frame, proposal)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_gives_files_whose_line_ends_are_those_of_files() {
        let pair = |name: &str, text: &str| {
            [
                ("name".to_owned(), name.to_owned()),
                ("text".to_owned(), text.to_owned()),
            ]
        };
        let fields = [
            pair("a.toml", "x\r\ny"),
            pair("gone.toml", " \r\n"),
            pair("", ""),
        ]
        .concat();
        let files = given(&fields).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files["a.toml"], "x\ny");
        let twice = [pair("a.toml", "x"), pair("a.toml", "y")].concat();
        assert!(given(&twice).is_err());
    }
}
