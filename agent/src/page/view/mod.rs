//! What the page looks like: every text goes through maud, which escapes it, and is in Chinese or English by the visitor's choice.

pub(super) mod home;
pub(super) mod report;
pub(super) mod staged;
pub(super) mod slots;
pub(super) mod findings;

use std::fmt::Write as _;

use axum::response::Html;
use granary_core::text::{Bilingual, Language};
use maud::{DOCTYPE, Markup, html};

use super::Office;
use crate::intake::say;

/// Seconds until a page that follows something loads itself again where no script does it.
const REFRESH_S: u32 = 3;

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visitor {
    /// In which language.
    pub(super) language: Language,
}

/// A part of the page, as the line of links names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Report,
    Slots,
    Findings,
    Files,
    None,
}

/// What stands around the body of every page.
pub(super) struct Frame<'a> {
    pub(super) office: &'a Office,
    pub(super) visitor: Visitor,
    tab: Tab,
    /// Whether something is still to come, so that the page is loaded again where no script follows it.
    is_following: bool,
}

impl Visitor {
    /// The form of a sentence for them.
    pub(super) const fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// As [`Self::pick`], of a sentence that is there in both.
    pub(super) fn say<'t>(&self, text: &'t Bilingual) -> &'t str {
        text.get(self.language)
    }

    fn tag(&self) -> &'static str {
        self.pick("zh-CN", "en")
    }
}

impl<'a> Frame<'a> {
    pub(super) const fn new(office: &'a Office, visitor: Visitor, tab: Tab) -> Self {
        Self {
            office,
            visitor,
            tab,
            is_following: false,
        }
    }

    pub(super) const fn following(mut self, is_following: bool) -> Self {
        self.is_following = is_following;
        self
    }

    /// The form of a sentence for the visitor.
    pub(super) const fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        self.visitor.pick(zh, en)
    }

    /// An instant as people read it, in the settings' zone, to the minute.
    pub(super) fn time(&self, at_ms: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let at = at.to_zoned_datetime(self.office.settings.time_zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The same to the second and with the offset, where it is evidence.
    pub(super) fn instant(&self, at_ms: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let at = at.to_zoned_datetime(self.office.settings.time_zone.clone());
        at.strftime("%Y-%m-%d %H:%M:%S (UTC%:z)").to_string()
    }

    /// The hidden field that every form carries.
    pub(super) fn secret(&self) -> Markup {
        html! { input type="hidden" name="form" value=(self.office.secrets.form()); }
    }

    /// The whole page.
    pub(super) fn page(&self, title: &Bilingual, body: &Markup) -> Html<String> {
        let visitor = &self.visitor;
        Html(html! {
            (DOCTYPE)
            html lang=(visitor.tag()) {
                (head(visitor, visitor.say(title), self.is_following))
                body {
                    a.skip href="#main" { (self.pick("跳到正文", "Skip to the content")) }
                    header.bar {
                        div.brand {
                            span.grain aria-hidden="true" {}
                            strong { (self.pick("颗粒归仓", "Granary")) }
                            span.unit { (self.pick("填报单位", "Unit")) " " (self.office.settings.unit) }
                        }
                        (self.language_switch())
                    }
                    nav.tabs aria-label=(self.pick("主菜单", "Main menu")) {
                        (self.tab("/", Tab::Report, self.pick("报送", "Report")))
                        (self.tab("/slots", Tab::Slots, self.pick("应报与期限", "Owed and due")))
                        (self.tab("/findings", Tab::Findings, self.pick("待核实", "To explain")))
                        (self.tab("/files", Tab::Files, self.pick("报送记录", "Handed in")))
                    }
                    main id="main" tabindex="-1" { (body) }
                    footer { p { (self.pick(
                        "本页面只在这台电脑上打开；数据只经采集端签名后送往市局。",
                        "This page is open on this computer alone; figures leave it only through the agent, signed, to the city.")) } }
                }
            }
        }.into_string())
    }

    fn tab(&self, path: &str, tab: Tab, name: &str) -> Markup {
        let current = (self.tab == tab).then_some("page");
        html! { a href=(path) aria-current=[current] { (name) } }
    }

    fn language_switch(&self) -> Markup {
        let (other, name, tag) = match self.visitor.language {
            Language::Zh => ("en", "English", "en"),
            Language::En => ("zh", "中文", "zh-CN"),
        };
        html! {
            form.language method="post" action="/language" {
                (self.secret())
                input type="hidden" name="language" value=(other);
                input type="hidden" name="back" value=(self.back());
                button.quiet type="submit" lang=(tag) { (name) }
            }
        }
    }

    /// Where the switch of languages leads back to: the part of the page.
    const fn back(&self) -> &'static str {
        match self.tab {
            Tab::Report | Tab::None => "/",
            Tab::Slots => "/slots",
            Tab::Findings => "/findings",
            Tab::Files => "/files",
        }
    }
}

fn head(visitor: &Visitor, title: &str, is_following: bool) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · " (visitor.pick("颗粒归仓", "Granary")) }
            link rel="stylesheet" href="/style.css";
            link rel="icon" href="/icon.svg";
            @if is_following {
                noscript { meta http-equiv="refresh" content=(REFRESH_S); }
            }
            script src="/page.js" defer {}
        }
    }
}

/// A page for whoever is not let in: nothing of the office is on it.
pub(super) fn bare(visitor: &Visitor, why: &Bilingual) -> Html<String> {
    Html(
        html! {
            (DOCTYPE)
            html lang=(visitor.tag()) {
                (head(visitor, visitor.pick("不能打开", "Not open"), false))
                body { main id="main" {
                    h1 { (visitor.pick("不能打开", "Not open")) }
                    p.notice.bad role="alert" { (visitor.say(why)) }
                } }
            }
        }
        .into_string(),
    )
}

/// The page that leads in, on which the browser keeps the cookie and lets the token go.
pub(super) fn entered(visitor: &Visitor) -> Html<String> {
    Html(
        html! {
            (DOCTYPE)
            html lang=(visitor.tag()) {
                head {
                    meta charset="utf-8";
                    meta http-equiv="refresh" content="0;url=/";
                    title { (visitor.pick("颗粒归仓", "Granary")) }
                    link rel="stylesheet" href="/style.css"; link rel="icon" href="/icon.svg";
                }
                body { main id="main" { p { a href="/" { (visitor.pick("进入", "Go on")) } } } }
            }
        }
        .into_string(),
    )
}

pub(super) fn wrong_host() -> Bilingual {
    say!(
        "地址不对：请只用采集端给出的 127.0.0.1 地址打开本页面",
        "wrong address: open this page only by the 127.0.0.1 address that the agent gives"
    )
}

pub(super) fn from_elsewhere() -> Bilingual {
    say!(
        "请求来自别的网站，没有执行",
        "the request comes from another site and was not carried out"
    )
}

pub(super) fn unknown_visitor() -> Bilingual {
    say!(
        "请先取得本次运行的地址：在本机执行 granary-agent page，用它给出的地址打开",
        "get the address of this run first: granary-agent page on this machine prints it"
    )
}

/// Why something was not done, and the way back.
pub(super) fn problem(visitor: &Visitor, why: &Bilingual) -> Markup {
    html! {
        h1 { (visitor.pick("没有完成", "Not done")) }
        p.notice.bad role="alert" { (visitor.say(why)) }
        p { a.button href="/" { (visitor.pick("回到报送", "Back to the start")) } }
    }
}

/// A table that scrolls by itself where the window is narrow, also by keyboard.
pub(super) fn scrolling(label: &str, table: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// The fields of those who sign off.
pub(super) fn names(frame: &Frame<'_>, given: &dyn Fn(&str) -> String) -> Markup {
    let label = |name: &str| match name {
        "preparer" => frame.pick("填表人", "Preparer"),
        "statistics_head" => frame.pick("统计负责人", "Head of statistics"),
        _ => frame.pick("单位负责人", "Head of the unit"),
    };
    html! {
        div.names {
            @for (name, _) in super::send::ROLES {
                div {
                    label for=(name) { (label(name)) }
                    input type="text" id=(name) name=(name) maxlength="40" autocomplete="on" value=(given(name));
                }
            }
        }
    }
}

/// Bytes of a path that are written as they are.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing into memory does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
