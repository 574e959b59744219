//! Invitations: what somebody is invited to, checked, and withdrawn before it is used.

use granary_core::{catalogue::DepartmentCode, code::UnitCode, text::Bilingual};
use serde::{Deserialize, Serialize};

use super::{NAME_CHARS_MAX, People, PeopleError, PersonRole, gone, is_login, read_all, unfit};

/// What somebody is invited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// What they will sign in with.
    pub login: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// The unit whose part of the tree they see; absent for all of it.
    pub under: Option<String>,
    /// The department whose indicators alone they see; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Until when it may be used, in milliseconds since 1970-01-01T00:00:00Z.
    pub expires_at_ms: i64,
}

impl Invitation {
    /// Checks what people wrote.
    ///
    /// # Errors
    /// [`PeopleError::Unfit`] says what does not fit.
    pub fn check(&self) -> Result<(), PeopleError> {
        if !is_login(&self.login) {
            return Err(unfit(
                "登录名须为 2 至 32 个小写字母、数字、点或短横，以字母开头",
                "a login is 2 to 32 lower-case letters, digits, dots and dashes, and begins with a letter",
            ));
        }
        let is_name = !self.name.trim().is_empty()
            && self.name.chars().count() <= NAME_CHARS_MAX
            && !self.name.chars().any(char::is_control);
        if !is_name {
            return Err(unfit(
                "姓名须为 1 至 40 个字符",
                "a name has 1 to 40 characters",
            ));
        }
        let misread = |(zh, en): (&str, &str), why: String| {
            PeopleError::Unfit(Bilingual::new(
                format!("{zh}：{why}"),
                format!("{en}: {why}"),
            ))
        };
        if let Some(Err(error)) = self.under.as_deref().map(UnitCode::new) {
            return Err(misread(("单位代码", "the unit"), error.to_string()));
        }
        if let Some(Err(error)) = self.department.as_deref().map(DepartmentCode::new) {
            return Err(misread(("部门代码", "the department"), error.to_string()));
        }
        Ok(())
    }
}

impl People {
    /// Withdraws whatever invitation of a login has not been used: its link opens nothing any more. Whether there was one.
    ///
    /// # Errors
    /// [`PeopleError::File`].
    pub fn withdraw(&self, login: &str) -> Result<bool, PeopleError> {
        let all = read_all::<Invitation>(&self.folder.join("invitations"), usize::MAX)?;
        let mut was_there = false;
        for (path, _) in all.into_iter().filter(|(_, one)| one.login == login) {
            let removed = std::fs::remove_file(&path).or_else(gone);
            removed.map_err(|error| PeopleError::File { path, error })?;
            was_there = true;
        }
        Ok(was_there)
    }
}
