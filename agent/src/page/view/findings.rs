//! The quality findings on the unit's own records, each with a form that explains it.

use granary_core::catalogue::Catalogue;
use maud::{Markup, html};

use super::{Frame, slots::dataset};
use crate::acts::findings::{Found, Open};

pub(in crate::page) fn list(frame: &Frame<'_>, catalogue: &Catalogue, found: &Found) -> Markup {
    let open: Vec<&Open> = found.unexplained().collect();
    let explained: Vec<&Open> = found
        .findings
        .iter()
        .filter(|f| f.explanation.is_some())
        .collect();
    html! {
        h1 { (frame.pick("待核实的审核问题", "Quality findings to explain")) }
        p.quiet { @match found.as_of {
            Some(as_of) => { (frame.pick("按本机掌握的本单位数据判断，截至 ", "Judged by the unit's records as known here, as of ")) (frame.time(as_of.city_time_ms)) },
            None => (frame.pick("本机尚未从市局取齐本单位的数据。", "The unit's records have not all been fetched from the city yet.")),
        } }
        @if open.is_empty() {
            p.notice.good { (frame.pick("没有待说明的问题。", "Nothing waits for an explanation.")) }
        }
        @for (index, one) in open.iter().enumerate() { (form(frame, catalogue, index, one)) }
        @if found.unjudged > 0 {
            p.quiet { (frame.pick("缺少所需数据、由市局判断的审核关系：", "Edits that look at what is not known here and are left to the city: ")) (found.unjudged) }
        }
        @if found.is_cut { p.quiet { (frame.pick("只列出最近报告期的问题。", "Only findings of the newest periods are listed.")) } }
        @if !explained.is_empty() {
            details {
                summary { (frame.pick("已说明的", "Explained already")) " " span.count { (explained.len()) } }
                ul { @for one in explained { li {
                    (dataset(frame, catalogue, &one.slot)) " " (one.slot.period) " " code { (one.edit) } " " (frame.visitor.say(&one.message))
                    @if let Some(text) = &one.explanation { br; (frame.pick("说明：", "Explanation: ")) (text) }
                } } }
            }
        }
    }
}

fn form(frame: &Frame<'_>, catalogue: &Catalogue, index: usize, one: &Open) -> Markup {
    let id = format!("reason-{index}");
    html! {
        form.finding.wait method="post" action="/findings" {
            (frame.secret())
            input type="hidden" name="dataset" value=(one.slot.dataset);
            input type="hidden" name="period" value=(one.slot.period);
            input type="hidden" name="edit" value=(one.edit);
            @if let Some(item) = &one.item { input type="hidden" name="item" value=(item); }
            h2 { (dataset(frame, catalogue, &one.slot)) " " (one.slot.period) @if let Some(item) = &one.item { " [" (item) "]" } }
            p { code { (one.edit) } " " strong { (frame.visitor.say(&one.message)) } }
            label for=(id) { (frame.pick("数值无误时，写明原因", "If the figures are right, say why")) }
            textarea id=(id) name="reason" rows="2" maxlength="2000" required {}
            div.row {
                button type="submit" { (frame.pick("签名并报送说明", "Sign and send the explanation")) }
                span.quiet { (frame.pick("数值有误时，请改正文件后重新报送。", "If they are wrong, correct the file and hand it in again.")) }
            }
        }
    }
}
