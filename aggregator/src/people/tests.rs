//! Invitations are used once, passwords are not kept, and files that were meddled with open nothing.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const PASSWORD: &str = "twelve or more";

fn invitation(login: &str) -> Invitation {
    Invitation {
        login: login.into(),
        name: "王五".into(),
        role: PersonRole::Operator,
        under: Some("520100".into()),
        department: None,
        expires_at_ms: 1_000,
    }
}

#[test]
fn an_invitation_makes_an_account_once_and_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path()).unwrap();
    let token = people.invite(&invitation("wang"), 0).unwrap();
    assert!(matches!(
        people.invitation(&token, 1_000),
        Err(PeopleError::NoInvitation)
    ));
    assert!(
        matches!(people.join(&token, "short", 10), Err(PeopleError::Unfit(_))),
        "and it stands"
    );
    let person = people.join(&token, PASSWORD, 10).unwrap();
    assert_eq!((person.role, person.since_ms), (PersonRole::Operator, 10));
    assert!(matches!(
        people.join(&token, PASSWORD, 10),
        Err(PeopleError::NoInvitation)
    ));
    assert!(person.password.is(PASSWORD) && !person.password.is("twelve or more!"));

    let file = folder.path().join("people/accounts/wang.json");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(PASSWORD));
    let again = People::open(folder.path()).unwrap();
    assert_eq!(again.find("wang"), Some(person));
    again.set_active("wang", false).unwrap();
    assert!(
        !People::open(folder.path())
            .unwrap()
            .find("wang")
            .unwrap()
            .is_active
    );
}

#[test]
fn the_newest_invitation_of_a_person_is_the_one_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path()).unwrap();
    let first = people.invite(&invitation("wang"), 0).unwrap();
    let second = invite_into(folder.path(), &invitation("wang"), 0).unwrap();
    assert!(people.invitation(&first, 0).is_err());
    assert_eq!(people.invitation(&second, 0).unwrap(), invitation("wang"));
    assert_eq!(people.invitations(0).unwrap().len(), 1);
}

#[test]
fn an_invitation_that_is_withdrawn_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path()).unwrap();
    let token = people.invite(&invitation("wang"), 0).unwrap();
    let other = people.invite(&invitation("zhao"), 0).unwrap();
    assert!(people.withdraw("wang").unwrap() && !people.withdraw("wang").unwrap());
    assert!(people.join(&token, PASSWORD, 10).is_err());
    assert!(people.join(&other, PASSWORD, 10).is_ok());
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path()).unwrap();
    for login in [
        "",
        "a",
        "../etc",
        "Wang",
        "9a",
        "a/b",
        "a\0",
        "a b",
        &"a".repeat(33),
    ] {
        assert!(people.invite(&invitation(login), 0).is_err(), "{login:?}");
    }
    let nameless = Invitation {
        name: " \u{7}".into(),
        ..invitation("wang")
    };
    assert!(people.invite(&nameless, 0).is_err());
    let nowhere = Invitation {
        under: Some("../x".into()),
        ..invitation("wang")
    };
    assert!(people.invite(&nowhere, 0).is_err());
    let nobodys = Invitation {
        department: Some("../x".into()),
        ..invitation("wang")
    };
    assert!(people.invite(&nobodys, 0).is_err());
    for password in [
        "short",
        "aaaaaaaaaaaaaaaa",
        "i am WANG himself",
        &"ab".repeat(200),
    ] {
        assert!(is_fit(password, "wang").is_err(), "{password}");
    }
    assert!(is_fit("十二个汉字组成的一句密码啊", "wang").is_ok());
}

#[test]
fn a_damaged_account_is_an_error_and_a_greedy_hash_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path()).unwrap();
    let token = people.invite(&invitation("wang"), 0).unwrap();
    people.join(&token, PASSWORD, 10).unwrap();
    let file = folder.path().join("people/accounts/wang.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("19456", "4000000000")).unwrap();
    let greedy = People::open(folder.path()).unwrap().find("wang").unwrap();
    assert!(!greedy.password.is(PASSWORD));
    std::fs::write(&file, "{").unwrap();
    assert!(
        matches!(People::open(folder.path()), Err(PeopleError::File { path, .. }) if path == file)
    );
}

#[test]
fn only_the_role_that_may_may() {
    let may = |right| PersonRole::ALL.map(|role| role.may(right));
    assert_eq!(may(Right::Look), [true; 4]);
    assert_eq!(may(Right::Figures), [false, true, true, false]);
    assert_eq!(may(Right::Act), [false, true, false, false]);
    assert_eq!(may(Right::People), [false, false, false, true]);
    let person = |under: Option<&str>| Person {
        login: "root".into(),
        name: "root".into(),
        role: PersonRole::Admin,
        under: under.map(str::to_owned),
        department: None,
        is_active: true,
        since_ms: 1,
        password: Hashed::new(PASSWORD).unwrap(),
        needs_code: false,
        second: None,
        subject: None,
    };
    assert!(person(None).may(Right::People));
    assert!(!person(Some("520100")).may(Right::People) && person(Some("520100")).may(Right::Look));
    let of_department = |role| Person {
        role,
        department: Some("finance".into()),
        ..person(None)
    };
    assert!(!of_department(PersonRole::Admin).may(Right::People));
    let parts = [
        person(None),
        person(Some("520100")),
        of_department(PersonRole::Viewer),
    ];
    assert_eq!(parts.map(|one| one.part()), ["", "520100", "/finance"]);
    let operator = of_department(PersonRole::Operator);
    assert!(operator.may(Right::Figures) && !operator.may(Right::Act));
}
