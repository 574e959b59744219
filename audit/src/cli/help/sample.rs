//! The Chinese help and the examples of `sample`.

use granary_core::text::Language;

/// By the words of the command or the name of the argument.
pub(super) const CHINESE: &[(&str, &str)] = &[
    (
        "sample",
        "随机核查：公告抽样，谁也左右不了地抽取，记录核查结果，推断总体",
    ),
    (
        "sample announce",
        "在任何人都无法得知抽中谁之前，定下抽样框、方案和封存点",
    ),
    ("sample draw", "由日志算出样本，并与日志所载的核对"),
    ("sample record", "记录一个抽中单元的核查结果"),
    ("sample estimate", "由核查结果推断总体"),
    ("title", "做什么用"),
    ("sample_kind", "抽什么：slots 应报，observations 单个数值"),
    ("sample_dataset", "哪些报表"),
    (
        "sample_period",
        "哪些报告期，如 2021-A1、2021-S1、2021-Q3、2021-M03 或 2021-03-31",
    ),
    ("sample_indicator", "抽数值时只抽这些指标；不写则全部"),
    ("figure", "抽应报时，以哪个指标的数值代表一份报表"),
    ("strata", "按什么分层"),
    ("method", "equal 等概率，by-size 与数值大小成比例"),
    ("sample_size", "抽多少个"),
    (
        "allot",
        "给定一层的样本量，写作 代码=个数（如按 Neyman 分配），可重复；不写则按单元数比例分配",
    ),
    ("seal_size", "封存点：恰含这么多条的日志树"),
    (
        "seal_after",
        "封存点：末条收于这一时点（RFC 3339）或其后的最小日志树",
    ),
    (
        "awaited",
        "公开字符串将由谁、在何处、于封存之后何时公布，如某期彩票号码",
    ),
    ("agreed", "已约定的公开字符串"),
    (
        "frame_out",
        "把抽样框各行写到这个文件；sha256sum 即公告的摘要",
    ),
    (
        "sign",
        "用这把密钥（PKCS #8）签名并提交给 --server；不写则只显示",
    ),
    (
        "draw_sign",
        "用这把密钥（PKCS #8）签名，把样本记入 --server 的日志；不写则只显示",
    ),
    ("public", "公告时待公布的公开字符串"),
    ("record_server", "市级系统地址 https://主机:端口"),
    (
        "record_identity",
        "存有 ca.pem、client.pem 和 client.key 的文件夹",
    ),
    ("record_sign", "签名密钥（PKCS #8）"),
    ("record_unit", "单位"),
    ("record_dataset", "报表"),
    ("record_period", "报告期"),
    ("record_indicator", "指标（抽的是数值时）"),
    ("record_item", "明细项（明细报表的数值）"),
    (
        "result",
        "结果：confirmed 属实，wrong 有误，no-evidence 无凭据",
    ),
    ("verified", "报告数有误时，凭据所示的数"),
    ("note", "说明"),
    ("visitor", "核查人"),
    ("visited", "核查时间（RFC 3339）；不写则为现在"),
    ("confidence", "区间和上限的置信度，百分数"),
];

/// The examples of a command; empty for others.
pub(super) fn examples(command: &str, language: Language) -> &'static str {
    match (command, language) {
        ("sample announce", Language::Zh) => ANNOUNCE_ZH,
        ("sample announce", Language::En) => ANNOUNCE_EN,
        ("sample draw", Language::Zh) => DRAW_ZH,
        ("sample draw", Language::En) => DRAW_EN,
        ("sample record", Language::Zh) => RECORD_ZH,
        ("sample record", Language::En) => RECORD_EN,
        ("sample estimate", Language::Zh) => ESTIMATE_ZH,
        ("sample estimate", Language::En) => ESTIMATE_EN,
        (_, _) => "",
    }
}

const ANNOUNCE_ZH: &str = "先公告，后封存，再抽取；每个字节见 docs/SAMPLING.md。不写 --sign 则只显示将公告什么。

示例：
  granary-audit sample announce --server https://city.example:7443 --identity operator --sign operator/operator.key \\
    --title 三季度随机核查 --dataset annual-accounts --period 2021-A1 --strata unit --size 40 \\
    --seal-after 2021-10-18T09:00:00+08:00 --awaited '双色球 2021119 期红球号码，由小到大，以空格分隔' --frame-out frame.tsv";

const ANNOUNCE_EN: &str = "Announced first, sealed later, drawn last; docs/SAMPLING.md states each byte. Without --sign it is only shown.

Examples:
  granary-audit sample announce --server https://city.example:7443 --identity operator --sign operator/operator.key \\
    --title 'Third quarter' --dataset annual-accounts --period 2021-A1 --strata unit --size 40 \\
    --seal-after 2021-10-18T09:00:00+08:00 --awaited 'the red numbers of lottery 2021119, ascending, parted by spaces' --frame-out frame.tsv";

const DRAW_ZH: &str = "示例：
  granary-audit sample draw --export city.granary --log-key log.vkey --sample 812 --public '03 09 12 18 22 31'

退出码：0 与日志所载一致，或日志尚未记载；1 与所载不一致；2 参数、文件或连接有误";

const DRAW_EN: &str = "Examples:
  granary-audit sample draw --export city.granary --log-key log.vkey --sample 812 --public '03 09 12 18 22 31'

Exit codes: 0 the journal states this draw, or none; 1 it states another; 2 wrong arguments, files or connection";

const RECORD_ZH: &str = "更正即再记一条，以后一条为准，前一条保留。

示例：
  granary-audit sample record --server https://city.example:7443 --identity operator --sign operator/operator.key \\
    --sample 812 --unit 520100 --dataset annual-accounts --period 2021-A1 --indicator gdp \\
    --result wrong --verified 98.50 --visitor 李某 --note 台账第 12 页";

const RECORD_EN: &str = "A correction is another record: the later one counts, the earlier one stays.

Examples:
  granary-audit sample record --server https://city.example:7443 --identity operator --sign operator/operator.key \\
    --sample 812 --unit 520100 --dataset annual-accounts --period 2021-A1 --indicator gdp \\
    --result wrong --verified 98.50 --visitor 'Li' --note 'ledger, page 12'";

const ESTIMATE_ZH: &str = "示例：
  granary-audit sample estimate --export city.granary --log-key log.vkey --sample 812 --confidence 95";

const ESTIMATE_EN: &str = "Examples:
  granary-audit sample estimate --export city.granary --log-key log.vkey --sample 812 --confidence 95";
