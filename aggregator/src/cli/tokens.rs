//! `people token`: tokens of the API, made and revoked in the data folder whether its server runs or not.

use std::{collections::BTreeSet, path::PathBuf};

use clap::{Args, Subcommand};
use granary_core::text::Language;
use jiff::Timestamp;

use super::screen::{Complaint, Screen};
use crate::{
    clock::{Clock as _, SystemClock},
    people::{PeopleError, Token, TokenScope, TokenWish, Tokens},
};

#[derive(Debug, Subcommand)]
pub(super) enum TokenTask {
    /// Make a token, and print its secret once. ¦ 生成令牌，密文只显示一次。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator people token make --data /var/lib/granary --name bi --scope read:completeness --scope read:figures --under 520100 --days 90"
    )]
    Make(MakeArgs),
    /// List tokens, also those that have ended. ¦ 列出令牌，含已失效的。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator people token list --data /var/lib/granary"
    )]
    List {
        /// The data folder. ¦ 数据目录。
        #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
        data: PathBuf,
    },
    /// End a token at once. ¦ 立即停用令牌。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator people token revoke --data /var/lib/granary --name bi"
    )]
    Revoke {
        /// The data folder. ¦ 数据目录。
        #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
        data: PathBuf,
        /// Its name. ¦ 令牌名。
        #[arg(long)]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct MakeArgs {
    /// The data folder. ¦ 数据目录。
    #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
    data: PathBuf,
    /// What it is called: lower-case letters, digits, dots, dashes. ¦ 令牌名：小写字母、数字、点、短横。
    #[arg(long)]
    name: String,
    /// What it may read; may be repeated. ¦ 可读内容，可重复。
    #[arg(long = "scope", required = true, value_parser = ["read:completeness", "read:figures", "read:findings", "read:agents"])]
    scopes: Vec<String>,
    /// Only this unit and those below it in the tree. ¦ 只限该单位及其下级。
    #[arg(long, value_name = "UNIT")]
    under: Option<String>,
    /// For how many days it is good, at most 366. ¦ 有效天数，至多 366。
    #[arg(long, default_value_t = crate::people::TOKEN_DAYS)]
    days: u32,
}

/// Does what is asked.
pub(super) fn perform(task: TokenTask, screen: &Screen) -> Result<(), Complaint> {
    let now_ms = SystemClock.now_ms();
    match task {
        TokenTask::Make(args) => make(args, now_ms, screen),
        TokenTask::List { data } => {
            for token in Tokens::open(&data)?.all()? {
                screen.print(line(&token, now_ms, screen.language()));
            }
            Ok(())
        }
        TokenTask::Revoke { data, name } => {
            let revoked = Tokens::open(&data)?.revoke(&name, now_ms);
            revoked.map_err(complaint)?;
            screen.say(
                format!("已停用令牌 {name}"),
                format!("token {name} is revoked"),
            );
            Ok(())
        }
    }
}

fn make(args: MakeArgs, now_ms: i64, screen: &Screen) -> Result<(), Complaint> {
    let scopes: BTreeSet<TokenScope> = args
        .scopes
        .iter()
        .filter_map(|word| TokenScope::from_word(word))
        .collect();
    let wish = TokenWish {
        name: args.name,
        scopes,
        under: args.under,
        days: args.days,
        made_by: "command line".into(),
    };
    let secret = Tokens::open(&args.data)?
        .make(&wish, now_ms)
        .map_err(complaint)?;
    screen.say(
        format!("令牌 {}，有效 {} 天，只显示这一次：", wish.name, wish.days),
        format!(
            "token {}, good for {} days, shown this once:",
            wish.name, wish.days
        ),
    );
    screen.print(secret);
    Ok(())
}

fn complaint(error: PeopleError) -> Complaint {
    match error {
        PeopleError::Unfit(why) => Complaint::new(why.zh, why.en),
        error @ (PeopleError::NoInvitation | PeopleError::File { .. }) => error.into(),
    }
}

fn line(token: &Token, now_ms: i64, language: Language) -> String {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
    let until = Timestamp::from_millisecond(token.expires_at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let (good, ended) = match language {
        Language::Zh => ("有效至", "已失效"),
        Language::En => ("until", "ended"),
    };
    let state = if token.is_good(now_ms) {
        format!("{good} {}", until.strftime("%Y-%m-%d"))
    } else {
        ended.to_owned()
    };
    let under = token.under.as_deref().unwrap_or("*");
    format!(
        "{}  {}  {under}  {state}  ({})",
        token.name,
        scopes.join(","),
        token.made_by
    )
}
