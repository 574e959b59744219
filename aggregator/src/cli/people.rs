//! `people`: invitations to the console, written into the data folder whether its server runs or not.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{
    screen::{Complaint, Screen},
    tokens::{self, TokenTask},
};
use crate::{
    clock::{Clock as _, SystemClock},
    people::{INVITATION_MS, Invitation, People, PersonRole, invite_into},
};

/// Where `init` lets the console listen.
const CONSOLE: &str = "http://127.0.0.1:7480";

#[derive(Debug, Subcommand)]
pub(super) enum PeopleTask {
    /// Invite somebody to the console, or give them a new password, role or part of the tree; prints a link that is good once, for three days. ¦ 邀请人员使用控制台，或重设其密码、角色、范围；输出一次性链接，三天内有效。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator people invite --data /var/lib/granary --login wang --name 王五 --role operator --under 520100"
    )]
    Invite(InviteArgs),
    /// Tokens with which programs read the API. ¦ 供程序读取接口的令牌。
    #[command(subcommand)]
    Token(TokenTask),
    /// List who has access to the console. ¦ 列出控制台的人员。
    #[command(
        after_help = "Example ¦ 示例:\n  granary-aggregator people list --data /var/lib/granary"
    )]
    List {
        /// The data folder. ¦ 数据目录。
        #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
        data: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct InviteArgs {
    /// The data folder. ¦ 数据目录。
    #[arg(long, value_name = "DIR", env = "GRANARY_DATA")]
    data: PathBuf,
    /// What they sign in with: lower-case letters, digits, dots, dashes. ¦ 登录名：小写字母、数字、点、短横。
    #[arg(long)]
    login: String,
    /// Their name, as it will stand in what they sign. ¦ 姓名，将写入其签署的操作。
    #[arg(long)]
    name: String,
    /// What they may do: viewer, operator, auditor, admin. ¦ 角色：查看员、操作员、审计员、管理员。
    #[arg(long, value_parser = ["viewer", "operator", "auditor", "admin"])]
    role: String,
    /// Only this unit and those below it in the tree. ¦ 只限该单位及其下级。
    #[arg(long, value_name = "UNIT")]
    under: Option<String>,
    /// Only the indicators of this department; such an account reads and does not act. ¦ 只限该部门负责的指标；这样的账户只读，不操作。
    #[arg(long, value_name = "CODE")]
    department: Option<String>,
    /// The console's address as browsers reach it, for the link. ¦ 浏览器访问控制台的地址，用于生成链接。
    #[arg(long, value_name = "URL", default_value = CONSOLE)]
    console: String,
}

/// Does what is asked.
pub(super) fn perform(task: PeopleTask, screen: &Screen) -> Result<(), Complaint> {
    match task {
        PeopleTask::Invite(args) => {
            let invitation = Invitation {
                login: args.login,
                name: args.name,
                role: PersonRole::from_word(&args.role).unwrap_or(PersonRole::Viewer),
                under: args.under,
                department: args.department,
                expires_at_ms: 0,
            };
            invite(&args.data, invitation, &args.console, screen)
        }
        PeopleTask::Token(task) => tokens::perform(task, screen),
        PeopleTask::List { data } => list(&data, screen),
    }
}

/// The first administrator of a new data folder.
pub(super) fn invite_first(data: &Path, screen: &Screen) -> Result<(), Complaint> {
    let invitation = Invitation {
        login: "admin".into(),
        name: "管理员 admin".into(),
        role: PersonRole::Admin,
        under: None,
        department: None,
        expires_at_ms: 0,
    };
    invite(data, invitation, CONSOLE, screen)
}

fn invite(
    data: &Path,
    mut invitation: Invitation,
    console: &str,
    screen: &Screen,
) -> Result<(), Complaint> {
    let now_ms = SystemClock.now_ms();
    invitation.expires_at_ms = now_ms + INVITATION_MS;
    let token = invite_into(data, &invitation, now_ms).map_err(|error| match error {
        crate::people::PeopleError::Unfit(why) => Complaint::new(why.zh, why.en),
        error @ (crate::people::PeopleError::NoInvitation
        | crate::people::PeopleError::File { .. }) => error.into(),
    })?;
    let role = invitation.role.name();
    screen.say(
        format!(
            "控制台的{}“{}”（登录名 {}），一次性链接，三天内有效：",
            role.zh, invitation.name, invitation.login
        ),
        format!(
            "the console's {} {} (login {}): a link that is good once, for three days:",
            role.en, invitation.name, invitation.login
        ),
    );
    screen.print(format!("  {}/join/{token}", console.trim_end_matches('/')));
    Ok(())
}

fn list(data: &Path, screen: &Screen) -> Result<(), Complaint> {
    for person in People::open(data)?.all() {
        let under = person.under.as_deref().unwrap_or("*");
        let department = person.department.as_deref().map(|code| format!("/{code}"));
        let department = department.unwrap_or_default();
        let mark = if person.is_active { "" } else { "  (off)" };
        screen.print(format!(
            "{}  {}  {under}{department}  {}{mark}",
            person.login,
            person.role.word(),
            person.name
        ));
    }
    Ok(())
}
