//! `notices`: check the file, see what would be told and what was, send a test message.

mod check;
mod preview;
mod remote_board;
mod status;
mod test;

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    Connection,
    screen::{Complaint, Screen},
    serve,
};
use crate::{notices::NoticeSettings, site::Site};

#[derive(Debug, Subcommand)]
pub(super) enum NoticesTask {
    /// Check a notices file and tell every fault; nothing is sent. ¦ 检查通知文件，列出全部错误；不发送。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator notices check notices.toml --catalogue ./catalogue"
    )]
    Check {
        /// The notices file. ¦ 通知文件。
        file: PathBuf,
        /// The folder with the catalogue's .toml files, to compare units, departments and datasets with. ¦ 目录文件夹，用于核对单位、部门和报表。
        #[arg(long, value_name = "DIR")]
        catalogue: Option<PathBuf>,
    },
    /// Print what would be told to whom and when; nothing is sent. ¦ 预览何时将向谁发送什么；不发送。
    #[command(
        after_help = "Examples ¦ 示例:\n  granary-aggregator notices preview --data /var/lib/granary --as-of 2021-10-07T00:00+08:00 --until 2021-10-12T00:00+08:00\n  granary-aggregator notices preview --notices notices.toml --operator ./operator --server https://stats.city.example:7443"
    )]
    Preview(PreviewArgs),
    /// Print what was sent, what waits and what failed; also beside a running server. ¦ 显示已发送、待发送和失败的通知；服务运行时亦可。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator notices status --data /var/lib/granary --limit 20"
    )]
    Status {
        /// The data folder. ¦ 数据目录。
        #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
        data: PathBuf,
        /// How many messages are listed, the newest last. ¦ 列出的条数，最新的在最后。
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Send one test message over a channel. ¦ 经某渠道发送一条测试消息。
    #[command(
        after_help = "Examples ¦ 示例:\n  granary-aggregator notices test --notices notices.toml --channel ops-group\n  granary-aggregator notices test --notices notices.toml --channel mail --to me@city.example"
    )]
    Test(TestArgs),
}

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The notices file; default: notices.toml in the data folder. ¦ 通知文件；默认为数据目录中的 notices.toml。
    #[arg(long, value_name = "FILE")]
    notices: Option<PathBuf>,
    /// From when, with its offset; default: now. ¦ 起始时间，须带时区；默认为现在。
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// Until when; default: seven days later. ¦ 截止时间；默认为 7 天后。
    #[arg(long, value_name = "INSTANT")]
    until: Option<String>,
    /// The data folder of a stopped server. ¦ 已停止服务的数据目录。
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Another catalogue than the one in force, to see what it would change; without --data the running server is asked. ¦ 用另一目录文件夹代替现行目录，以查看其影响；未写 --data 时向运行中的服务查询。
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    catalogue: Option<PathBuf>,
    /// Also print the lines of each notice. ¦ 同时打印每条通知的正文。
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The notices file. ¦ 通知文件。
    #[arg(long, value_name = "FILE", env = "GRANARY_NOTICES")]
    notices: PathBuf,
    /// The channel's name. ¦ 渠道名称。
    #[arg(long, value_name = "NAME")]
    channel: String,
    /// The address, on a mail channel. ¦ 收件地址（仅限邮件渠道）。
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

pub(super) fn perform(
    task: NoticesTask,
    environment: &BTreeMap<String, String>,
    screen: &Screen,
) -> Result<(), Complaint> {
    match task {
        NoticesTask::Check { file, catalogue } => {
            check::run(&file, catalogue.as_deref(), environment, screen)
        }
        NoticesTask::Preview(args) => preview::run(&args, environment, screen),
        NoticesTask::Status { data, limit } => status::run(&data, limit, screen),
        NoticesTask::Test(args) => test::run(&args, environment, screen),
    }
}

/// Reads a notices file, or complains of every fault.
fn read(
    file: &std::path::Path,
    environment: &BTreeMap<String, String>,
) -> Result<NoticeSettings, Complaint> {
    NoticeSettings::read(file, environment).map_err(|faults| serve::complain(&faults))
}

/// The file that is named, else the data folder's own.
fn file_of(args: &PreviewArgs) -> Result<PathBuf, Complaint> {
    let own = args.data.as_ref().map(|data| Site::new(data).notices());
    args.notices.clone().or(own).ok_or_else(|| {
        Complaint::new(
            "请用 --notices 指定通知文件",
            "name the notices file with --notices",
        )
    })
}

/// An instant with its offset.
fn instant(text: &str) -> Result<i64, Complaint> {
    let instant: Result<Timestamp, _> = text.parse();
    let instant = instant.map_err(|_| {
        Complaint::new(
            format!("{text:?} 不是带时区的时间，例如 2021-10-20T12:00+08:00"),
            format!(
                "{text:?} is not an instant with its offset, for instance 2021-10-20T12:00+08:00"
            ),
        )
    })?;
    Ok(instant.as_millisecond())
}

/// `2021-10-07 12:00:00` in a zone.
fn local(at_ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = zone.to_datetime(at);
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
