//! Files of evidence on the page: kept, named in the report, never replaced, and nothing without the form's secret.

use super::*;

const REPORT: &str = "quarterly-accounts_2021-Q3.csv";

impl Desk {
    /// Drops a report, and gives its page.
    async fn dropped(&self, content: &[u8]) -> String {
        let dropped = self.drop(Some(&self.form), REPORT, content).await;
        dropped.header("location").unwrap().to_owned()
    }

    /// The names in the folder of evidence.
    fn shelf(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .files("evidence")
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_file_of_evidence_is_kept_and_named_in_what_is_sent() {
    let desk = Desk::open().await;
    let path = desk.dropped(b"gdp,growth\n30,1.5\n").await;
    let evidence = format!("{path}/evidence");
    let files: [(&str, &[u8]); 2] = [("C:\\台账.pdf", b"one"), ("minutes \"a\".txt", b"two")];
    let added = desk.upload(&evidence, Some(&desk.form), &files).await;
    assert_eq!(added.status, 303, "{}", added.body);
    // Another file of the same name does not take its place; the same file is kept once.
    for content in [b"other", b"other"] {
        let files: [(&str, &[u8]); 1] = [("台账.pdf", content)];
        let added = desk.upload(&evidence, Some(&desk.form), &files).await;
        assert_eq!(added.status, 303);
    }
    assert_eq!(
        desk.shelf(),
        ["minutes %22a%22.txt", "台账-2.pdf", "台账.pdf"]
    );
    let shown = desk.get(&path).await.body;
    assert!(shown.contains("台账-2.pdf") && shown.contains("台账.pdf"));
    let removed = desk
        .post(
            &format!("{evidence}/remove"),
            &[("form", &desk.form), ("name", "台账-2.pdf")],
            &[],
        )
        .await;
    assert_eq!(removed.status, 303);
    assert!(!desk.get(&path).await.body.contains("台账-2.pdf"));
    assert_eq!(desk.shelf().len(), 3, "nothing is removed from the folder");
    let sent = desk
        .post(&format!("{path}/send"), &[("form", &desk.form)], &[])
        .await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let written = fs::read_to_string(&desk.files("inbox")[0]).unwrap();
    assert_eq!(
        written,
        "gdp,growth\n30,1.5\n\"# 佐证: minutes %22a%22.txt\"\r\n\"# 佐证: 台账.pdf\"\r\n"
    );
}

#[tokio::test]
async fn a_report_that_names_a_file_which_is_not_there_can_be_given_it() {
    let desk = Desk::open().await;
    let text = "# evidence: ledger.pdf\ngdp,growth\n30,1.5\n";
    let path = desk.dropped(text.as_bytes()).await;
    let shown = desk.get(&path).await.body;
    assert!(shown.contains("找不到佐证文件") && !shown.contains("id=\"send\""));
    let files: [(&str, &[u8]); 1] = [("ledger.pdf", b"synthetic")];
    let evidence = format!("{path}/evidence");
    desk.upload(&evidence, Some(&desk.form), &files).await;
    let shown = desk.get(&path).await.body;
    assert!(
        shown.contains("id=\"send\"") && shown.contains("报表里已写明"),
        "{shown}"
    );
    desk.post(&format!("{path}/send"), &[("form", &desk.form)], &[])
        .await;
    let written = fs::read_to_string(&desk.files("inbox")[0]).unwrap();
    assert_eq!(written, text, "it is named once");
}

#[tokio::test]
async fn no_evidence_without_the_secret_a_name_and_a_report() {
    let desk = Desk::open().await;
    let path = desk.dropped(b"gdp,growth\n30,1.5\n").await;
    let evidence = format!("{path}/evidence");
    let good: [(&str, &[u8]); 1] = [("a.pdf", b"x")];
    for (path, form, files, status) in [
        (evidence.as_str(), None, &good, 403),
        (evidence.as_str(), Some("another"), &good, 403),
        (
            "/file/0123456789abcdef0123456789abcdef/evidence",
            Some(desk.form.as_str()),
            &good,
            404,
        ),
        (
            "/file/..%2f..%2fx/evidence",
            Some(desk.form.as_str()),
            &good,
            404,
        ),
    ] {
        assert_eq!(desk.upload(path, form, files).await.status, status);
    }
    for name in ["", "..", "../", ".hidden", "a/..", &"长".repeat(100)] {
        let files: [(&str, &[u8]); 1] = [(name, b"x")];
        let refused = desk.upload(&evidence, Some(&desk.form), &files).await;
        assert_eq!(refused.status, 422, "{name:?}: {}", refused.body);
    }
    assert!(desk.shelf().is_empty(), "{:?}", desk.shelf());
    // A path becomes its last part, wherever it leads.
    let files: [(&str, &[u8]); 1] = [("../../state/page.url", b"x")];
    desk.upload(&evidence, Some(&desk.form), &files).await;
    assert_eq!(desk.shelf(), ["page.url"]);
    let many: Vec<(&str, &[u8])> = vec![("b.pdf", b"x"); 21];
    let refused = desk.upload(&evidence, Some(&desk.form), &many).await;
    assert!(refused.status == 422 && refused.body.contains("一次至多 20"));
}

#[tokio::test]
async fn evidence_that_is_too_large_leaves_nothing() {
    let desk = Desk::open_with("[evidence]\nbytes_max = 1048576\n").await;
    let path = desk.dropped(b"gdp,growth\n30,1.5\n").await;
    let long = vec![b'1'; (1 << 20) + 1];
    let files: [(&str, &[u8]); 2] = [("fits.pdf", &long[1..]), ("long.pdf", &long)];
    let answer = desk
        .upload(&format!("{path}/evidence"), Some(&desk.form), &files)
        .await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("至多 1 MiB"), "{}", answer.body);
    assert_eq!(desk.shelf(), ["fits.pdf"]);
}
