#!/usr/bin/env bash
# The demo city: one aggregator, one agent process for each unit, real published figures (SOURCES.md), and staged trouble.
#
#   make demo             runs it and leaves the city running until Ctrl-C
#   make demo ONCE=1      ends by itself: status 0 if everything was as it should be, 1 if anything was not
#
# It works in a folder of its own under ${TMPDIR:-/tmp} and ends every process that it starts. All waits are for conditions.
# Its screen speaks both languages; tables and reports follow GRANARY_LANG=zh|en, else the locale, else English.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH="${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH"
ONCE=${ONCE:-}
demo=deploy/demo
lang=${GRANARY_LANG:-}
case "${lang:-${LC_ALL:-${LANG:-}}}" in zh*) lang=zh ;; *) lang=en ;; esac
# Nothing from the caller's environment may reach the programs; what they need is set below.
for name in $(compgen -e GRANARY_ || true); do unset "$name"; done

units=(520000 520100 520200 520300 520400 520500 520600 522300 522600 522700 522631 522632 620000 621100 621121 621122 621000
    621021 621023 622900 622925 620802 500102 500114 610923)
# Who plays which part. Each unit below is a key of its own, so its reports are dropped where its part says.
returned=621122 # Longxi: two digits change places; its own agent returns the file
offline=522632  # Rongjiang: its line is down while it submits
outdated=621023 # Huachi: its line is down while the rules change; the city returns the file
late=621021     # Qingcheng: its extension ends before it submits
missing=622900  # Linxia: reports nothing
expected=32 timely=30
# Counties that report what is due on the day of the demo; the others still owe it when the console is opened.
prompt=(522631 522632 621121 621122 620802 500102 500114)
questioned=500102 # Fuling: a figure that its own edit questions, so that there is something to decide

# ---- screen -----------------------------------------------------------------------------------------------------------------

step_no=0
step() { # step ZH EN: one line for each step
    step_no=$((step_no + 1))
    printf '\n[%2d] %s / %s\n' "$step_no" "$1" "$2"
}
say() { printf '     %s / %s\n' "$1" "$2"; }
staged() { printf '     (安排 staged) %s / %s\n' "$1" "$2"; }
# Where a condition is awaited its own words are hushed, but never those of a failure.
exec 3>&2
fail() {
    printf '\n演示失败 / DEMO FAILED: %s\n' "$1" >&3
    exit 1
}
indent() { sed 's/^/     /'; }

# ---- the folder and its end -------------------------------------------------------------------------------------------------

work=$(mktemp -d "${TMPDIR:-/tmp}/granary-demo.XXXX")
city=$work/city
agents=$work/agents
logs=$work/logs
mkdir -p "$agents" "$logs"
server_pid=""
declare -A agent_pid=()

clean_up() {
    local status=$?
    trap - EXIT INT TERM
    local pids=("${agent_pid[@]}")
    if [ -n "$server_pid" ]; then pids+=("$server_pid"); fi
    if [ ${#pids[@]} -gt 0 ]; then
        kill "${pids[@]}" 2>/dev/null || true
        { wait "${pids[@]}" || true; } 2>/dev/null
    fi
    if [ "$status" = 0 ]; then
        rm -rf "$work"
    else
        printf '日志保留在 / logs are kept in: %s\n' "$logs" >&2
        tail -n 5 "$logs/city.log" >&2 || true
    fi
    exit "$status"
}
trap clean_up EXIT
# Ctrl-C is how the city is meant to be stopped once the demo itself has ended.
finished=""
trap 'if [ -n "$finished" ]; then exit 0; fi; exit 130' INT
trap 'exit 143' TERM

# await SECONDS WHAT COMMAND...: until the command succeeds; a condition that never comes is a failure, not a hang.
await() {
    local until_s=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$until_s" ]; then fail "$what"; fi
        sleep 0.1
    done
}

# ---- programs ---------------------------------------------------------------------------------------------------------------

aggregator() { "$bin/granary-aggregator" --lang "$lang" "$@"; }
operate() { aggregator "$@" --operator "$city/operator" --server "$server"; }
audit() { "$bin/granary-audit" --lang "$lang" "$@" --server "$server" --identity "$work/auditor"; }
# Without a certificate: the log over HTTP, checked against its key and against the head that was kept before.
follow_log() { "$bin/granary-audit" --lang "$lang" log --url "http://127.0.0.1:$log_port" --log-key "$city/log.vkey" --head "$work/head" --newest 3; }
# sample_by_operator STEP ARGUMENTS...: an act of a random verification, signed by the operator.
sample_by_operator() {
    local what=$1
    shift
    "$bin/granary-audit" --lang "$lang" sample "$what" "$@" --server "$server" --identity "$city/operator" --sign "$city/operator/operator.key"
}
# sample_from_export STEP ARGUMENTS...: the same from a file and the log's key alone.
sample_from_export() { "$bin/granary-audit" --lang "$lang" sample "$@" --sample "$sample" --export "$work/sampled.granary" --log-key "$city/log.vkey"; }
# become_agent UNIT SERVER ARGUMENTS...: the shell that calls it becomes the agent, so that its id is the agent's.
become_agent() {
    local unit=$1
    export GRANARY_AGENT_SERVER=$2 GRANARY_AGENT_LINK_BACKOFF_MS_MIN=100 GRANARY_AGENT_LINK_BACKOFF_MS_MAX=1000
    export GRANARY_AGENT_POLL_INBOX_MS=1000 GRANARY_AGENT_POLL_SETTLE_MS=300
    shift 2
    exec "$bin/granary-agent" "$@" --dir "$agents/$unit"
}

# Five ports in a row on which nobody listens, below those that systems give out by themselves.
is_free() { ! (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_ports() {
    local first
    while :; do
        first=$((20000 + RANDOM % 12000))
        if is_free "$first" && is_free $((first + 1)) && is_free $((first + 2)) && is_free $((first + 3)) && is_free $((first + 4)); then break; fi
    done
    echo "$first"
}

start_city() { # start_city [CONSOLE]
    "$bin/granary-aggregator" --lang "$lang" serve --data "$city" --listen "127.0.0.1:$port" --metrics-listen "127.0.0.1:$metrics_port" \
        --log-listen "127.0.0.1:$log_port" --console-listen "${1:-off}" ${notices:+--notices "$notices"} >>"$logs/city.log" 2>&1 &
    server_pid=$!
    await 20 "the aggregator does not answer" city_answers
}
city_answers() {
    # A server that has died will never answer; waiting for it would only hide why.
    kill -0 "$server_pid" 2>/dev/null || fail "the aggregator ended by itself"
    operate status
}
kill_city() { # kill_city SIGNAL
    kill "-$1" "$server_pid"
    { wait "$server_pid" || true; } 2>/dev/null
    server_pid=""
}

start_agent() {
    become_agent "$1" "$server" run >>"$logs/agent-$1.log" 2>&1 &
    agent_pid[$1]=$!
}
stop_agent() {
    kill "${agent_pid[$1]}"
    { wait "${agent_pid[$1]}" || true; } 2>/dev/null
    unset "agent_pid[$1]"
}

enrol() { # enrol UNIT: a token from the operator, used by the office
    local token
    token=$(operate token --unit "$1" --expires 30m | tail -n 1)
    mkdir -p "$agents/$1"
    "$bin/granary-agent" enrol --server "$server" --token "$token" --unit "$1" --lang "$lang" --dir "$agents/$1" \
        >"$logs/enrol-$1.log" 2>&1
}

in_parallel() { # in_parallel FUNCTION ARGUMENTS...: all at once, and every one must succeed
    local function=$1 pids=() pid
    shift
    for argument in "$@"; do
        "$function" "$argument" &
        pids+=("$!")
    done
    for pid in "${pids[@]}"; do wait "$pid" || fail "$function"; done
}

# ---- reports ----------------------------------------------------------------------------------------------------------------

# drop UNIT [PATTERN]: hands the unit's reports in. Written under another name first, as careful programs do.
drop() {
    local file name
    for file in "$demo/reports/$1/"${2:-*}.{csv,xlsx}; do
        [ -e "$file" ] || continue
        name=$(basename "$file")
        hand_in "$1" "$name" <"$file"
    done
}
hand_in() { # hand_in UNIT NAME <CONTENT
    cat >"$agents/$1/inbox/.$2.part"
    mv "$agents/$1/inbox/.$2.part" "$agents/$1/inbox/$2"
}
files_in() { find "$agents" \( -path "*/$1/*.csv" -o -path "*/$1/*.xlsx" \) | wc -l; }
at_least() { [ "$(files_in "$1")" -ge "$2" ]; }
is_at() { [ -e "$agents/$1/$2" ]; }

# extend SLOT INSTANT
extend() {
    local unit dataset period
    IFS=/ read -r unit dataset period <<<"$1"
    operate unit extend --unit "$unit" --dataset "$dataset" --period "$period" --until "$2" \
        --reason "staged: the demo runs today" >/dev/null
}
# due_today: when what is due today is due, in Beijing time, which has no summer time: three hours from now, at midnight at the latest.
due_today() {
    local at_s=$(($(date +%s) + 8 * 3600)) later_s
    later_s=$((at_s + 3 * 3600))
    drill_day=$(date -u -d "@$at_s" +%-d)
    drill_time=24:00
    if [ "$(date -u -d "@$later_s" +%-d)" = "$drill_day" ]; then drill_time=$(date -u -d "@$later_s" +%H:%M); fi
    drill_period=$(date -u -d "$(date -u -d "@$at_s" +%Y-%m-01) -1 day" +%Y-M%m)
}
# drill UNIT: a made-up figure for the report that is due today.
drill() {
    local figure=$((1000 + ${1#?????} * 137))
    if [ "$1" = "$questioned" ]; then figure=9417; fi
    printf '# dataset: monthly-drill\nunit,period,drill_electricity\n%s,%s,%s\n' "$1" "$drill_period" "$figure" |
        hand_in "$1" "monthly-drill_$drill_period.csv"
}
extend_hour() { extend "$1" "$hour"; }
instant() { date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ; }
slots_of_reports() {
    local file name
    for file in "$demo"/reports/*/*.{csv,xlsx}; do
        name=$(basename "${file%.*}")
        echo "$(basename "$(dirname "$file")")/${name/_//}"
    done
}

# ---- what the city says -----------------------------------------------------------------------------------------------------

# total STATE: of all slots expected
total() { audit completeness --json | awk -v key="\"$1\":" '/"total"/ { on = 1 } on && $1 == key { gsub(/,/, "", $2); print $2; exit }'; }
state_is() { audit slots --unit "$1" --state "$2" --json | grep -q "\"state\": \"$2\""; }
folded() { [ "$(digest | awk '{ print $2 }')" = "$(journal_size)" ]; }
digest() { operate state-digest; }
journal_size() { operate status | sed -n 's/^journal \([0-9]*\) .*/\1/p; s/^日志 \([0-9]*\) .*/\1/p'; }
# is_found UNIT EDIT STATUS
is_found() { audit findings --unit "$1" --status "$3" --json | grep -q "\"edit\": \"$2\""; }
findings_count() { audit findings --json "$@" | grep -c '"edit":' || true; }
# The number of figures that can be drawn, and those that were: unit, dataset, period and indicator in a line.
elements() { awk '$1 == "\"frame_elements\":" { print $2 + 0; exit }' "$work/announced.json"; }
elements_drawn() {
    awk '{ gsub(/[",]/, "") } $1 == "element:" { on = 1 } on { of[$1] = $2 }
        on && $1 ~ /^}/ { print of["unit:"], of["dataset:"], of["period:"], of["indicator:"]; on = 0 }' "$work/drawn.json"
}
must_be() { # must_be WHAT EXPECTED FOUND
    if [ "$2" != "$3" ]; then fail "$1: expected $2, found $3"; fi
}

# ---- the demo ---------------------------------------------------------------------------------------------------------------

step "编译程序（首次约需数分钟）" "building the programs (some minutes the first time)"
scripts/build
bin=${CARGO_TARGET_DIR:-target}/debug
bin=$(cd "$bin" && pwd)
built_s=$SECONDS

step "建立市级系统，发布目录" "making the city and publishing its catalogue"
port=$(free_ports)
metrics_port=$((port + 1))
server=https://localhost:$port
dead_line=https://localhost:$((port + 2))
log_port=$((port + 3))
aggregator init --data "$city" --name demo.granary.example/log --server-name localhost >"$logs/init.log"
aggregator client --data "$city" --role auditor --out "$work/auditor" >>"$logs/init.log"
start_city
mkdir "$work/catalogue"
cp "$demo"/catalogue/*.toml "$work/catalogue/"
rm "$work/catalogue/later.toml"
operate catalogue publish "$work/catalogue" | indent

step "${#units[@]} 个单位登记密钥，各启动一个采集端进程" "${#units[@]} units enrol a key each and start an agent process each"
in_parallel enrol "${units[@]}"
for unit in "${units[@]}"; do start_agent "$unit"; done
staged "数据是历年公布的，演示在今天：各项期限延至一小时后" "the figures are of past years and the demo runs today: what is due is extended by an hour"
staged "$late 和 $missing 只延 3 秒" "$late and $missing are given 3 seconds only"
hour=$(instant 3600)
mapfile -t slots < <(slots_of_reports | grep -v "^$late/")
in_parallel extend_hour "${slots[@]}"
soon=$(instant 3)
extend "$late/annual-accounts/2022-A1" "$soon"
extend "$missing/annual-accounts/2020-A1" "$soon"
for unit in "${units[@]}"; do await 30 "agent $unit has no inbox" test -d "$agents/$unit/inbox"; done

step "贵州省和九个市州报 2021 年前三季度" "Guizhou and its nine prefectures report the first three quarters of 2021"
for unit in "${units[@]}"; do
    if compgen -G "$demo/reports/$unit/quarterly-*" >/dev/null; then drop "$unit" "quarterly-*"; fi
done
await 60 "the quarterly reports are not accepted" at_least accepted 13
follow_log >/dev/null 2>&1 || fail "the log over HTTP does not hold"
await 30 "the workbook of 520300 is not accepted" is_at 520300 accepted/quarterly-accounts_2021-Q3.xlsx
say "$(files_in accepted) 份已收到回执，其中遵义市报的是填好的 Excel 表格" "$(files_in accepted) receipts are home, one of them for a form filled in with Excel (Zunyi)"

step "断网：$offline 和 $outdated 离线报送" "the line is down: $offline and $outdated submit offline"
staged "两家的线路断开；$outdated 把第一产业比重 5.1 误作 1.5" "both lines are cut; $outdated writes 1.5 for its share of 5.1"
for unit in "$offline" "$outdated"; do
    await 30 "agent $unit has no catalogue" is_at "$unit" state/catalogue.bundle
    await 30 "agent $unit has not caught up" is_at "$unit" state/assessments
    stop_agent "$unit"
done
submit_offline() { # submit_offline UNIT FILE
    local status=0
    (become_agent "$1" "$dead_line" submit "$2" --wait 0) >"$logs/submit-$1.log" 2>&1 || status=$?
    must_be "the status of an offline submit (5: spooled, no answer yet)" 5 "$status"
    must_be "files in sent/ of $1" 1 "$(find "$agents/$1/sent" -name '*.csv' | wc -l)"
}
submit_offline "$offline" "$demo/reports/$offline/annual-accounts_2016-A1.csv"
mkdir "$work/slips"
slip=$work/slips/annual-accounts_2022-A1.csv
sed 's/,5\.1,/,1.5,/' "$demo/reports/$outdated/annual-accounts_2022-A1.csv" >"$slip"
submit_offline "$outdated" "$slip"
say "已签名、落盘，等线路恢复" "signed and on the disk, waiting for the line"
cp "$demo/catalogue/later.toml" "$work/catalogue/"
operate catalogue publish "$work/catalogue" >>"$logs/init.log"
say "其间市局新增强制审核 SHARES.SUM（比重之和为 100%）" "meanwhile the city adds the validity edit SHARES.SUM (shares add up to 100%)"

step "各单位报年报；上报途中 kill -9 市级系统" "annual reports come in; in the middle the aggregator gets kill -9"
others=()
for unit in "${units[@]}"; do
    case $unit in "$returned" | "$offline" | "$outdated" | "$late" | "$missing" | 621100) continue ;; esac
    if compgen -G "$demo/reports/$unit/annual-*.csv" >/dev/null; then others+=("$unit"); fi
done
for unit in "${others[@]}"; do drop "$unit" "annual-*"; done
answered=$(files_in accepted)
on_the_way() { [ "$(files_in accepted)" -gt "$answered" ] || at_least sent 3; }
await 30 "no annual report is on its way" on_the_way
kill_city KILL
drop 621100
is_spooled() { [ "$(find "$agents/621100/sent" -name '*.csv' | wc -l)" = 4 ]; }
await 30 "Dingxi's reports are not spooled" is_spooled
waiting=$(files_in sent)
say "已杀；$(($(files_in accepted) - answered)) 份已有回执，$waiting 份签好等待" "killed; $(($(files_in accepted) - answered)) had receipts, $waiting are signed and wait"
start_city
# All reports but those of the five with a part: 31 less returned, offline, outdated and late.
await 60 "not all reports were accepted after the kill" at_least accepted 27
say "重启后全部收到回执，一份不少" "after the restart every report has its receipt"

step "线路恢复" "the lines are back"
start_agent "$offline"
start_agent "$outdated"
await 30 "the offline report was not accepted" is_at "$offline" accepted/annual-accounts_2016-A1.csv
say "$offline 离线时签的报送已被接受" "what $offline signed offline is accepted"
await 30 "the city did not return the outdated report" is_at "$outdated" returned/annual-accounts_2022-A1.csv
grep -q SHARES.SUM "$agents/$outdated/returned/annual-accounts_2022-A1.csv.report.json" || fail "the report of $outdated does not name SHARES.SUM"
is_found "$outdated" SHARES.SUM open || fail "the city has no finding SHARES.SUM"
say "$outdated 按旧规则过关，被市局按新规则退回" "$outdated passed by the old rules and is returned by the city's new one"
drop "$outdated"
await 30 "the corrected report of $outdated was not accepted" is_found "$outdated" SHARES.SUM corrected
say "更正后接受，问题转为已更正" "corrected, it is accepted, and the finding is corrected"

step "强制审核：$returned 的文件在本机即被退回，更正后接受" "a validity edit: $returned's own agent returns the file; corrected, it is accepted"
staged "第二产业 16.31 误作 13.61" "secondary industry 16.31 becomes 13.61"
sed 's/,16\.31,/,13.61,/' "$demo/reports/$returned/annual-accounts_2021-A1.csv" | hand_in "$returned" annual-accounts_2021-A1.csv
await 30 "the wrong report was not returned" is_at "$returned" returned/annual-accounts_2021-A1.csv.report.txt
grep -q ANNUAL.BALANCE "$agents/$returned/returned/annual-accounts_2021-A1.csv.report.json" || fail "the report does not name ANNUAL.BALANCE"
sed -n '1s/^\xef\xbb\xbf//; 1,14s/^/     | /p' "$agents/$returned/returned/annual-accounts_2021-A1.csv.report.txt"
drop "$returned"
await 30 "the corrected report was not accepted" is_at "$returned" accepted/annual-accounts_2021-A1.csv

step "期限已过：$late 迟报，$missing 未报" "past due: $late reports late, $missing not at all"
await 60 "$missing is not missing" state_is "$missing" missing
await 60 "$late is not missing yet" state_is "$late" missing
drop "$late"
await 30 "the late report was not accepted" state_is "$late" late

step "谁已报送" "who has reported"
audit completeness --by dataset-period | indent
audit slots --state late,missing | indent
must_be "slots expected" "$expected" "$(total expected)"
must_be "timely" "$timely" "$(total timely)"
must_be "late" 1 "$(total late)"
must_be "missing" 1 "$(total missing)"
must_be "pending and exempt" 00 "$(total pending)$(total exempt)"

step "哪里不平（全部来自公布的数据，SHARES.SUM 除外）" "what does not add up (all in the published figures, but for SHARES.SUM)"
audit findings | indent
is_found 621100 INDUSTRY.PARTS explained || fail "Dingxi 2021 has no explained finding"
audit findings --unit 621100 --json | grep -q "辅助性活动" || fail "Dingxi's finding lacks its explanation"
audit findings --unit 621100 --json | grep -q '"imbalance": "-0.03"' || fail "Dingxi's imbalance is not -0.03"
is_found 621100 GROWTH.PRIMARY explained || fail "Dingxi 2018 does not explain its revised base"
must_be "findings of Guizhou: the roll-up holds within rounding" 0 "$(findings_count --unit 520000)"
must_be "findings" 8 "$(findings_count)"
must_be "findings corrected" 1 "$(findings_count --status corrected)"
say "定西 2018 年第一产业 80.16 → 65.6，公布增速却是 5.7%：基数修订，单位已说明" "Dingxi 2018: primary industry 80.16 -> 65.6, yet growth is printed as 5.7%: a revised base, explained by the unit"
say "贵州九市州合计 13985.54，全省 13985.53：在舍入误差内，不误报" "Guizhou's nine add up to 13985.54 against 13985.53: within rounding, no false alarm"

audit findings --unit 621100 --json | grep -q 'most likely wrong: Construction (37.26)' || fail "Dingxi's violation is not localised"
say "最可能有误：建筑业 37.26；单位的说明给出了真正的原因" "most likely wrong: construction, 37.26; the unit's explanation gives the true reason"

step "全部重新审核：与逐份判定的结果一致" "everything judged once more: the same as judged report by report"
audit recheck --dataset annual-accounts | indent
refound=$(audit recheck --dataset annual-accounts --json | awk '/"fails"/ { gsub(/[^0-9]/, ""); sum += $0 } END { print sum + 0 }')
must_be "edits that fail on the current annual figures" 7 "$refound"

step "检测器：不违反审核，但不寻常（只是疑问）" "detectors: no edit fails, yet it is unusual (questions, no more)"
audit screen --dataset annual-accounts --period 2018-A1 | indent
audit screen --dataset annual-accounts --period 2018-A1 --json >"$work/screening.json"
must_be "flags of 2018" 1 "$(grep -c '"statistic":' "$work/screening.json")"
grep -q '"indicator": "primary"' "$work/screening.json" || fail "the revised base of Dingxi's primary industry is not flagged"

step "回执：只凭日志公钥离线核验" "a receipt, verified offline from the log's public key alone"
receipt=$(find "$agents/621100/state/receipts" -name 'annual-accounts_2021-A1*.tlog-proof' -print -quit)
[ -n "$receipt" ] || fail "Dingxi has no receipt"
"$bin/granary-audit" --lang "$lang" verify "$receipt" --log-key "$city/log.vkey" | indent
find "$agents" -path '*/state/receipts/*.tlog-proof' >"$work/receipts"
while read -r each; do
    "$bin/granary-audit" verify "$each" --log-key "$city/log.vkey" >/dev/null || fail "this receipt does not hold: $each"
done <"$work/receipts"
say "$(wc -l <"$work/receipts") 张回执全部成立，包括 kill -9 之前所发" "all $(wc -l <"$work/receipts") receipts hold, those from before the kill included"
sed 's/^index .*/index 0/' "$receipt" >"$work/forged"
status=0
"$bin/granary-audit" verify "$work/forged" --log-key "$city/log.vkey" >/dev/null || status=$?
must_be "the status for a forged receipt" 1 "$status"
say "改动一处的回执不成立" "a receipt with one changed number does not hold"

step "考核排名与目标进度（权重和目标是演示安排的）" "the league table and progress towards targets (weights and targets are arranged for the demo)"
audit league --scorecard prefectures --period 2021-Q3 | indent
audit targets --year 2021 | indent

step "通报：2021 年前三季度，PDF、XLSX、HTML，中文和英文" "the bulletin: the first three quarters of 2021, as PDF, XLSX and HTML, in Chinese and in English"
await 30 "the projection does not keep up" folded
bulletins=${TMPDIR:-/tmp}/granary-demo-bulletins
mkdir -p "$bulletins"
now=$(instant 0)
size=$(journal_size)
bulletin() { # bulletin LANGUAGE ARGUMENTS...: of 2021-Q3 at one instant
    local language=$1
    shift
    "$bin/granary-audit" --lang "$language" bulletin --period 2021-Q3 --as-of "$now" "$@"
}
for each in zh en; do
    bulletin "$each" --server "$server" --identity "$work/auditor" -o "$bulletins/2021-Q3.$each.pdf" -o "$bulletins/2021-Q3.$each.xlsx" \
        -o "$bulletins/2021-Q3.$each.html" -o "$work/city.$each.bulletin" >"$logs/bulletin-$each.log" || fail "no bulletin in $each"
done
indent <"$logs/bulletin-$lang.log"
must_be "the size of the journal while the bulletin was computed" "$size" "$(journal_size)"

step "审计人员：导出日志，全部重算，得到逐字节相同的通报" "the auditor: export the journal, compute everything again, and get the same bulletin byte for byte"
"$bin/granary-audit" --lang "$lang" export --server "$server" --identity "$work/auditor" -o "$work/journal.granary" 2>/dev/null | indent
"$bin/granary-audit" --lang "$lang" replay "$work/journal.granary" --log-key "$city/log.vkey" --state-digest "$(digest | awk '{ print $1 }')" 2>/dev/null | indent
bulletin "$lang" --export "$work/journal.granary" --log-key "$city/log.vkey" --size "$size" -o "$work/auditor.bulletin" >/dev/null 2>&1 ||
    fail "the auditor cannot compute the bulletin"
cmp -s "$work/city.zh.bulletin" "$work/auditor.bulletin" || fail "the auditor's bulletin differs from the city's"
cmp -s "$work/city.en.bulletin" "$work/auditor.bulletin" || fail "the bulletins in two languages are not of one document"
say "市级系统与审计人员算出的通报完全相同：$(wc -c <"$work/auditor.bulletin") 字节" "the city's bulletin and the auditor's are the same: $(wc -c <"$work/auditor.bulletin") bytes"
say "通报在 $bulletins" "the bulletins are in $bulletins"

step "任何人：经 HTTP 读日志，由先前所见的检查点增长而来" "anybody: the log read over HTTP has grown through the head that was seen before"
follow_log 2>/dev/null | indent

step "随机核查一：先公告抽样框、方法和封存点，谁也无从挑选" "random verification 1: frame, design and seal are announced first, so that nobody can choose"
staged "公开字符串由演示编造；真实核查用封存之后才公布的开奖号码" "the public string is made up; a real verification takes a lottery's numbers, published after the seal"
sample_by_operator announce --title "演示 demo" --dataset quarterly-accounts --period 2021-Q3 --size 4 --seal-size $(($(journal_size) + 3)) \
    --awaited "开奖号码 numbers of draw 2021119" --json >"$work/announced.json" 2>>"$logs/sample.log" || fail "the sample is not announced"
sample=$(awk '$1 == "\"entry\":" { print $2 + 0; exit }' "$work/announced.json")
say "日志第 $sample 条：框内 $(elements) 个数，抽 4 个" "entry $sample of the journal: $(elements) figures in the frame, 4 to be drawn"
# The seal is the tree with two entries more, and whatever comes next makes it.
for _ in 1 2; do operate token --unit "$missing" --expires 30m >/dev/null; done
say "封存点是再添两条之后的树；市里又签发了两个登记码" "the seal is the tree with two entries more; the city has issued two tokens since"
lottery="03 09 12 18 22 31"

step "随机核查二：由封存的树根和公开字符串抽取" "random verification 2: the draw follows from the sealed root and the public string"
sample_by_operator draw --sample "$sample" --public "$lottery" >"$work/drawn.txt" 2>>"$logs/sample.log" || fail "the sample is not drawn"
indent <"$work/drawn.txt"
audit sample draw --sample "$sample" --json 2>/dev/null >"$work/drawn.json" || fail "the draw that is stated is not the one that follows"
grep -q '"stated_is_this": true' "$work/drawn.json" || fail "the journal does not state the draw"

step "随机核查三：记录核查结果" "random verification 3: what the visits found is recorded"
staged "没有人真的下去；前三个记为属实，最后一个记为无凭据" "nobody went anywhere: three are recorded as confirmed, the last as without evidence"
elements_drawn >"$work/elements"
must_be "elements drawn" 4 "$(wc -l <"$work/elements")"
visited=0
while read -r unit dataset period indicator; do
    visited=$((visited + 1))
    result=confirmed found="属实 / confirmed"
    if [ "$visited" = 4 ]; then result=no-evidence found="无凭据 / no evidence"; fi
    sample_by_operator record --sample "$sample" --unit "$unit" --dataset "$dataset" --period "$period" --indicator "$indicator" \
        --result "$result" --visitor "演示 demo" >/dev/null 2>>"$logs/sample.log" || fail "the visit of $unit is not recorded"
    printf '     %s %s: %s\n' "$unit" "$indicator" "$found"
done <"$work/elements"

step "随机核查四：估计差错率和区间；由导出文件和日志公钥重算，结果相同" "random verification 4: the share in error with its interval; from an export and the log's key it comes out the same"
"$bin/granary-audit" export --server "$server" --identity "$work/auditor" -o "$work/sampled.granary" >/dev/null 2>&1 || fail "no export"
audit sample estimate --sample "$sample" >"$work/estimate.city" 2>/dev/null || fail "no estimate"
indent <"$work/estimate.city"
sample_from_export estimate >"$work/estimate.export" 2>/dev/null || fail "no estimate from the export"
cmp -s "$work/estimate.city" "$work/estimate.export" || fail "the estimate from the export differs"
sample_from_export draw --public "$lottery" --json >"$work/redrawn.json" 2>/dev/null || fail "the draw does not follow from the export"
cmp -s "$work/drawn.json" "$work/redrawn.json" || fail "the draw from the export differs"
say "同一抽取、同一估计" "the same draw and the same estimate"

due_today
step "今天就有期限：新的月报 $drill_period，今天 $drill_time（北京时间）截止" "a deadline of today: a new monthly report, $drill_period, due today at $drill_time (Beijing time)"
staged "这份月报和其中的数字都是虚构的；${#prompt[@]} 个县已报，其余还没有" "the report and its figures are made up; ${#prompt[@]} counties report it, the others not yet"
sed -e "s/^deadline = .*/deadline = { day = $drill_day, time = \"$drill_time\" }/" -e "s/\"20[0-9]*-M[0-9]*\"/\"$drill_period\"/" \
    "$demo/today/today.toml" >"$work/catalogue/today.toml"
operate catalogue publish "$work/catalogue" >>"$logs/init.log"
for unit in "${prompt[@]}"; do drill "$unit"; done
for unit in "${prompt[@]}"; do await 30 "the report of $unit that is due today was not accepted" is_at "$unit" "accepted/monthly-drill_$drill_period.csv"; done
say "采集端还拿着旧的报表制度，先向市局取新的再审核，没有退回" "the agents held the catalogue before, fetched the new one before they judged, and refused nothing"
is_found "$questioned" DRILL.LARGE open || fail "there is no finding to decide on the day of the demo"

step "状态摘要：再次 kill -9 前后、由日志重建后，必须相等" "state digests: before and after another kill -9 and after a rebuild they must be equal"
await 30 "the projection does not keep up" folded
before=$(digest)
kill_city KILL
start_city
await 30 "the projection does not keep up" folded
after=$(digest)
# A stop in order would bind the access log to the journal, which is one more entry.
kill_city KILL
rebuilt=$(aggregator rebuild --data "$city" 2>/dev/null | tail -n 1)
printf '     %s\n' "杀前   / before   $before" "杀后   / after    $after" "重建后 / rebuilt  $rebuilt"
must_be "the digest after kill -9" "$before" "$after"
must_be "the digest after a rebuild" "$before" "$rebuilt"

printf '\n演示成功，用时 %s 秒（不含编译） / The demo succeeded in %s s (without the build)\n' \
    $((SECONDS - built_s)) $((SECONDS - built_s))
finished=1
if [ -n "$ONCE" ]; then exit 0; fi
console=127.0.0.1:$((port + 4))
# Notices go nowhere: nobody listens at the address. The file is there for its contacts, which the console shows.
notices=$demo/notices.toml
export GRANARY_NOTICES_HUB="http://127.0.0.1:$((port + 2))/"
start_city "$console"
invite() { aggregator people invite --data "$city" --console "http://$console" "$@" | tail -n 1; }
link=$(invite --login duty --name 值班员 --role operator)
admin=$(invite --login admin --name 管理员 --role admin)
cat <<END

城市仍在运行，按 Ctrl-C 结束 / the city goes on until Ctrl-C. Look at it from another terminal:
  $bin/granary-audit completeness --server $server --identity $work/auditor --by unit
  $bin/granary-audit findings --server $server --identity $work/auditor
  $bin/granary-agent status --dir $agents/621100
  cp $demo/reports/621100/annual-accounts_2021-A1.csv $agents/621100/inbox/     (再报一次 / hand it in again)
  curl http://127.0.0.1:$metrics_port/metrics
控制台，一次性链接 / the console, by one-time links:
  操作员 / operator:     ${link# *}
  管理员 / administrator: ${admin# *}
  操作员密钥 / the operator's key: $city/operator/operator.key
  今天截止的是 / due today: monthly-drill $drill_period, $drill_time (UTC+8)
END
wait "$server_pid"
