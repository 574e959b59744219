//! What the console looks like: every text goes through maud, which escapes it, and is in Chinese or English by the visitor's choice.

pub(super) mod chart;
pub(super) mod curve;
pub(super) mod entrance;
pub(super) mod table;

use std::{fmt::Write as _, sync::Arc};

use axum::response::Html;
use granary_core::{
    catalogue::Catalogue,
    text::{Bilingual, Language},
};
use granary_proto::v1;
use jiff::{Timestamp, tz::TimeZone};
use maud::{DOCTYPE, Markup, html};

use crate::people::{Person, Right};

/// Who asks, and how they want to be answered.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// In which language.
    pub(super) language: Language,
    /// In which colours.
    pub(super) theme: Theme,
    /// Whoever has signed in.
    pub(super) person: Option<Arc<Person>>,
    /// Whether it was the house's sign-in that let them in.
    pub(super) is_vouched: bool,
    /// What each form carries.
    pub(super) form: String,
    /// The path and query that were asked for; empty in the answer to a form, which cannot be asked for again.
    pub(super) here: String,
    /// When it was asked, by the city's clock.
    pub(super) now_ms: i64,
    /// Whether an open page asks by itself, and nobody by hand.
    pub(super) follows: bool,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the machine is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A part of the console, as the line of links names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Today,
    Completeness,
    Findings,
    League,
    Indicators,
    Calendar,
    Bulletins,
    Units,
    Log,
    People,
    None,
}

/// What stands around the body of every page.
pub(super) struct Frame<'a> {
    pub(super) visitor: &'a Visitor,
    tab: Tab,
    zone: TimeZone,
    city: Option<Bilingual>,
    /// Whether the page shows how things stand and asks for itself anew whenever that moves on.
    is_live: bool,
    /// Whether it fills a screen on a wall.
    is_wall: bool,
}

impl Theme {
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark]
            .into_iter()
            .find(|theme| theme.word() == text)
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
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

    /// As [`Self::say`], of a message on the wire.
    pub(super) fn words<'t>(&self, text: Option<&'t v1::Words>) -> &'t str {
        text.map_or("", |text| self.pick(&text.zh, &text.en))
    }

    /// The name of a thing on the wire, or its code where it has none.
    pub(super) fn named<'t>(&self, named: Option<&'t v1::Named>) -> &'t str {
        let Some(named) = named else { return "" };
        let name = self.words(named.name.as_ref());
        if name.is_empty() { &named.code } else { name }
    }

    /// The hidden field that every form carries.
    pub(super) fn secret(&self) -> Markup {
        html! { input type="hidden" name="form" value=(self.form); }
    }

    const fn tag(&self) -> &'static str {
        self.pick("zh-CN", "en")
    }

    /// The page asked for, with another value of one parameter.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let (path, query) = self.here.split_once('?').unwrap_or((&self.here, ""));
        let kept = form_urlencoded::parse(query.as_bytes())
            .filter(|(known, _)| known != name && known != "csv");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept);
        if !value.is_empty() {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }
}

impl<'a> Frame<'a> {
    pub(super) fn new(visitor: &'a Visitor, tab: Tab, catalogue: Option<&Catalogue>) -> Self {
        Self {
            visitor,
            tab,
            zone: catalogue.map_or(TimeZone::UTC, |catalogue| catalogue.zone().clone()),
            city: catalogue.map(|catalogue| catalogue.name().clone()),
            is_live: false,
            is_wall: false,
        }
    }

    pub(super) const fn live(mut self) -> Self {
        self.is_live = true;
        self
    }

    pub(super) const fn on_the_wall(mut self) -> Self {
        self.is_wall = true;
        self.is_live = true;
        self
    }

    pub(super) const fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        self.visitor.pick(zh, en)
    }

    /// An instant as people read it, in the catalogue's zone, to the minute.
    pub(super) fn time(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d %H:%M")
    }

    /// The same without the year.
    pub(super) fn short(&self, at_ms: i64) -> String {
        self.format(at_ms, "%m-%d %H:%M")
    }

    /// The same to the second and with the offset, where it is evidence.
    pub(super) fn instant(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d %H:%M:%S (UTC%:z)")
    }

    /// The date and time of an instant, in the catalogue's zone.
    pub(super) fn civil(&self, at_ms: i64) -> jiff::civil::DateTime {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(at)
    }

    /// The day of an instant, in the catalogue's zone.
    pub(super) fn day(&self, at_ms: i64) -> jiff::civil::Date {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(at).date()
    }

    fn format(&self, at_ms: i64, form: &str) -> String {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned_datetime(self.zone.clone())
            .strftime(form)
            .to_string()
    }

    /// A length of time in words.
    pub(super) fn span(&self, ms: i64) -> String {
        let minutes = ms.unsigned_abs() / 60_000;
        let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
        match (days, hours) {
            (0, 0) => format!("{minutes} {}", self.pick("分钟", "min")),
            (0, _) => format!(
                "{hours} {} {minutes} {}",
                self.pick("小时", "h"),
                self.pick("分", "min")
            ),
            (1..=3, _) => format!(
                "{days} {} {hours} {}",
                self.pick("天", "d"),
                self.pick("小时", "h")
            ),
            _ => format!("{days} {}", self.pick("天", "d")),
        }
    }

    /// How long until an instant, counted down by the browser.
    pub(super) fn countdown(&self, due_at_ms: i64) -> Markup {
        let left = due_at_ms - self.visitor.now_ms;
        let (kind, text) = if left < 0 {
            (
                "bad",
                format!("{}{}", self.pick("已过 ", "past by "), self.span(left)),
            )
        } else if left < 3 * 3_600_000 {
            (
                "wait",
                format!("{}{}", self.pick("还剩 ", "in "), self.span(left)),
            )
        } else {
            (
                "",
                format!("{}{}", self.pick("还剩 ", "in "), self.span(left)),
            )
        };
        html! { span class={ "badge " (kind) } data-due=(due_at_ms) { (text) } }
    }

    /// The whole page.
    pub(super) fn page(&self, title: &str, body: &Markup) -> Html<String> {
        let visitor = self.visitor;
        let live = self.is_live.then_some("/events");
        let form = if self.is_wall { "wall" } else { "" };
        Html(html! {
            (DOCTYPE)
            html lang=(visitor.tag()) data-theme=(visitor.theme.word()) {
                (head(visitor, title, self.is_live))
                body class=(form) data-now=(visitor.now_ms) data-zone=[self.zone.iana_name()] {
                    a.skip href="#main" { (self.pick("跳到正文", "Skip to the content")) }
                    header.bar {
                        a.brand href="/" {
                            span.grain aria-hidden="true" {}
                            strong { (self.pick("颗粒归仓", "Granary")) }
                            @if let Some(city) = &self.city { span.unit { (visitor.say(city)) } }
                        }
                        @if self.is_wall { time.clock data-clock { (self.short(visitor.now_ms)) } }
                        @else { (self.switches()) }
                    }
                    @if !self.is_wall { (self.tabs()) }
                    main id="main" tabindex="-1" data-live=[live] { (body) }
                    footer { p {
                        (self.pick("截至 ", "As of ")) time { (self.instant(visitor.now_ms)) }
                        @if self.is_live { " · " span data-live-state { (self.pick("自动更新", "follows by itself")) } }
                        " · " (self.pick("数字与 granary-audit 由日志重算的一致", "figures are those that granary-audit computes from the journal"))
                    } }
                }
            }
        }.into_string())
    }

    fn tabs(&self) -> Markup {
        let may = |right| {
            self.visitor
                .person
                .as_ref()
                .is_some_and(|person| person.may(right))
        };
        // What is made of everybody's reports is not shown to whoever sees what one department answers for.
        let person = self.visitor.person.as_ref();
        let sees_all = person.is_none_or(|person| person.department.is_none());
        html! {
            nav.tabs aria-label=(self.pick("主菜单", "Main menu")) {
                (self.tab("/", Tab::Today, self.pick("今日", "Today")))
                (self.tab("/completeness", Tab::Completeness, self.pick("完整性", "Completeness")))
                @if may(Right::Figures) { (self.tab("/findings", Tab::Findings, self.pick("问题", "Findings"))) }
                @if sees_all { (self.tab("/league", Tab::League, self.pick("排名", "League table"))) }
                @if may(Right::Figures) { (self.tab("/indicators", Tab::Indicators, self.pick("指标", "Indicators"))) }
                (self.tab("/calendar", Tab::Calendar, self.pick("日历", "Calendar")))
                @if sees_all && may(Right::Figures) { (self.tab("/bulletins", Tab::Bulletins, self.pick("通报", "Bulletins"))) }
                (self.tab("/units", Tab::Units, self.pick("单位", "Units")))
                @if sees_all { (self.tab("/log", Tab::Log, self.pick("日志", "Log"))) }
                @if may(Right::People) { (self.tab("/people", Tab::People, self.pick("人员", "People"))) }
            }
        }
    }

    fn tab(&self, path: &str, tab: Tab, name: &str) -> Markup {
        let current = (self.tab == tab).then_some("page");
        html! { a href=(path) aria-current=[current] { (name) } }
    }

    fn switches(&self) -> Markup {
        let visitor = self.visitor;
        html! {
            div.switches {
                (language_switch(visitor))
                (theme_switch(visitor))
                a href="/wall" { (self.pick("大屏", "Wall")) }
                button.quiet type="button" data-print hidden { (self.pick("打印", "Print")) }
                @if let Some(person) = &visitor.person {
                    a.who href="/account" title=(self.pick("我的账户", "My account")) { (person.name) " · " (visitor.say(&person.role.name())) @if let Some(under) = &person.under { " · " (under) } }
                    form method="post" action="/logout" { (visitor.secret()) button.quiet type="submit" { (self.pick("退出", "Sign out")) } }
                }
            }
        }
    }
}

fn language_switch(visitor: &Visitor) -> Markup {
    let (other, name, tag) = match visitor.language {
        Language::Zh => ("en", "English", "en"),
        Language::En => ("zh", "中文", "zh-CN"),
    };
    html! { @if !visitor.here.is_empty() { a href=(visitor.with("lang", other)) lang=(tag) hreflang=(tag) { (name) } } }
}

fn theme_switch(visitor: &Visitor) -> Markup {
    let (other, name) = match visitor.theme {
        Theme::System | Theme::Light => ("dark", visitor.pick("深色", "Dark")),
        Theme::Dark => ("light", visitor.pick("浅色", "Light")),
    };
    html! { @if !visitor.here.is_empty() { a href=(visitor.with("theme", other)) { (name) } } }
}

fn head(visitor: &Visitor, title: &str, is_live: bool) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · " (visitor.pick("颗粒归仓", "Granary")) }
            link rel="stylesheet" href="/console.css";
            link rel="icon" href="/icon.svg";
            @if is_live { noscript { meta http-equiv="refresh" content="30"; } }
            script src="/console.js" defer {}
        }
    }
}

/// A page with little around it: for whoever is not let in, or not given what was asked for.
pub(super) fn plain(visitor: &Visitor, title: &str, body: &Markup) -> Html<String> {
    Html(
        html! {
            (DOCTYPE)
            html lang=(visitor.tag()) data-theme=(visitor.theme.word()) {
                (head(visitor, title, false))
                body.plain {
                    header.bar {
                        a.brand href="/" { span.grain aria-hidden="true" {} strong { (visitor.pick("颗粒归仓", "Granary")) } }
                        div.switches { (language_switch(visitor)) (theme_switch(visitor)) }
                    }
                    main id="main" { (body) }
                }
            }
        }
        .into_string(),
    )
}

/// Why there is nothing else.
pub(super) fn bare(visitor: &Visitor, why: &Bilingual) -> Html<String> {
    let body = html! {
        h1 { (visitor.pick("未能完成", "Not done")) }
        p.notice.bad role="alert" { (visitor.say(why)) }
        p { a.button href="/" { (visitor.pick("回到今日", "Back to today")) } }
        @if visitor.person.is_some() {
            form method="post" action="/logout" { (visitor.secret()) button.quiet type="submit" { (visitor.pick("退出登录", "Sign out")) } }
        }
    };
    plain(visitor, visitor.pick("未能完成", "Not done"), &body)
}

/// Bytes of a path or of a query that are written as they are.
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

/// The path of a slot.
pub(super) fn slot_path(unit: &str, dataset: &str, period: &str) -> String {
    format!(
        "/slot/{}/{}/{}",
        encoded(unit),
        encoded(dataset),
        encoded(period)
    )
}

/// A state by sign, word and colour.
pub(super) fn state_of(
    state: v1::SlotState,
) -> (&'static str, &'static str, &'static str, &'static str) {
    match state {
        v1::SlotState::Timely => ("timely", "✓", "按时", "timely"),
        v1::SlotState::Late => ("late", "◔", "迟报", "late"),
        v1::SlotState::Missing => ("missing", "✕", "未报", "missing"),
        v1::SlotState::Exempt => ("exempt", "–", "免报", "exempt"),
        v1::SlotState::Pending | v1::SlotState::Unspecified => ("pending", "○", "待报", "pending"),
    }
}

/// The five states, in the order in which they are told.
pub(super) const STATES: [v1::SlotState; 5] = [
    v1::SlotState::Timely,
    v1::SlotState::Late,
    v1::SlotState::Missing,
    v1::SlotState::Exempt,
    v1::SlotState::Pending,
];

/// A state as a badge.
pub(super) fn state(frame: &Frame<'_>, state: v1::SlotState) -> Markup {
    let (class, sign, zh, en) = state_of(state);
    html! { span class={ "state " (class) } { span aria-hidden="true" { (sign) } " " (frame.pick(zh, en)) } }
}
