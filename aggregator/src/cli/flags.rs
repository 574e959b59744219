//! One flag for each setting, made from the table of settings, so that none is forgotten.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::settings::Settings;

/// The settings that were given as flags, by key.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingFlags {
    pub(super) given: BTreeMap<String, String>,
}

/// The flag of each setting and what it means; in the order of [`Settings::KEYS`].
const FLAGS: [(&str, &str); Settings::KEYS.len()] = [
    (
        "data",
        "The data folder that init made. ¦ init 所建的数据目录。",
    ),
    (
        "listen",
        "Where gRPC is served [0.0.0.0:7443]. ¦ gRPC 监听地址 [0.0.0.0:7443]。",
    ),
    (
        "metrics-listen",
        "Where /metrics is served, or off [127.0.0.1:9464]. ¦ /metrics 监听地址，或 off [127.0.0.1:9464]。",
    ),
    (
        "log-listen",
        "Where the log is served to anybody over HTTP, or off [off]. ¦ 向任何人公开日志的 HTTP 监听地址，或 off [off]。",
    ),
    (
        "console-listen",
        "Where the console is served to browsers, or off [off; init writes 127.0.0.1:7480]. ¦ 控制台（浏览器）监听地址，或 off [off；init 写入 127.0.0.1:7480]。",
    ),
    (
        "console-tls",
        "Whether the console itself speaks TLS: on, off, or auto, which is on unless it listens on loopback [auto]. ¦ 控制台自身是否用 TLS：on、off 或 auto（非本机地址即用）[auto]。",
    ),
    (
        "server-names",
        "Host names in the server's certificate, by commas [localhost]. ¦ 服务证书中的主机名，逗号分隔 [localhost]。",
    ),
    (
        "connections-max",
        "Connections open at once [4096]. ¦ 同时连接数上限 [4096]。",
    ),
    (
        "requests-per-connection-max",
        "Requests open at once on a connection [256]. ¦ 每个连接的并发请求上限 [256]。",
    ),
    (
        "snapshot-bytes-max",
        "Bytes of a snapshot [4194304]. ¦ 单份报送的字节上限 [4194304]。",
    ),
    (
        "push-submissions-max",
        "Submissions unanswered at once on a push stream [1024]. ¦ 每条推送流未应答报送数上限 [1024]。",
    ),
    (
        "push-bytes-max",
        "Bytes unanswered at once on a push stream [16777216]. ¦ 每条推送流未应答字节上限 [16777216]。",
    ),
    (
        "submissions-per-second-max",
        "Submissions a second on a connection, 0 for no limit [0]. ¦ 每个连接每秒报送数上限，0 为不限 [0]。",
    ),
    (
        "queue-bytes-max",
        "Bytes that wait for the sequencer [67108864]. ¦ 等待定序的字节上限 [67108864]。",
    ),
    (
        "batch-entries-max",
        "Entries in one write [1024]. ¦ 每批写入的记录数上限 [1024]。",
    ),
    (
        "batch-bytes-max",
        "Bytes of payloads in one write [4194304]. ¦ 每批写入的字节上限 [4194304]。",
    ),
    (
        "batch-wait-us-max",
        "Microseconds to wait for a fuller write [2000]. ¦ 等待凑批的微秒数上限 [2000]。",
    ),
    (
        "witness-round-ms",
        "Milliseconds that a head of the log stays the one to be cosigned [60000]. ¦ 一个检查点供见证方联署的毫秒数 [60000]。",
    ),
    (
        "log-format",
        "text or json [text]. ¦ 日志格式：text 或 json [text]。",
    ),
    (
        "log-filter",
        "Which events are logged [info]. ¦ 记录哪些事件 [info]。",
    ),
    (
        "grace-ms",
        "Milliseconds for open requests after SIGTERM [10000]. ¦ 收到 SIGTERM 后的宽限毫秒数 [10000]。",
    ),
    (
        "evidence-bytes-max",
        "Bytes of a file of evidence [67108864]. ¦ 单个佐证文件的字节上限 [67108864]。",
    ),
    (
        "access-anchor-ms",
        "Milliseconds between anchors of the access log in the journal [3600000]. ¦ 访问记录锚定到日志的间隔毫秒数 [3600000]。",
    ),
    (
        "traces-endpoint",
        "The OTLP collector that traces are told, http://host:port, or off [off]. ¦ 接收链路追踪的 OTLP 收集端 http://主机:端口，或 off [off]。",
    ),
    (
        "traces-sample",
        "The share of snapshots whose traces are told, 0 to 1 [1]. ¦ 追踪的报送比例，0 至 1 [1]。",
    ),
    (
        "traces-service",
        "This program's name in traces [granary-aggregator]. ¦ 追踪中的服务名 [granary-aggregator]。",
    ),
];

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |key: &&str| {
            let value = matches.get_one::<String>(key)?;
            Some(((*key).to_owned(), value.clone()))
        };
        Ok(Self {
            given: Settings::KEYS.iter().filter_map(value).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let flags = Settings::KEYS.iter().zip(FLAGS).map(|(key, (flag, help))| {
            Arg::new(*key)
                .long(flag)
                .value_name(value_name(key))
                .help(help)
        });
        command.args(flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn value_name(key: &str) -> &'static str {
    match key {
        "data" => "DIR",
        "listen" | "metrics_listen" | "log_listen" | "console_listen" => "ADDRESS",
        "server_names" => "HOSTS",
        "log_format" => "FORMAT",
        "console_tls" => "CHOICE",
        "log_filter" => "FILTER",
        _ => "N",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_its_key_with_dashes() {
        for (key, (flag, _)) in Settings::KEYS.iter().zip(FLAGS) {
            assert_eq!(key.replace('_', "-"), flag);
        }
    }
}
