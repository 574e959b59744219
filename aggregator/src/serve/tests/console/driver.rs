//! A headless Chromium that is told what to do over the Chrome DevTools Protocol, through two pipes with names: no port, no driver.
//!
//! Messages are JSON, each ended by a zero byte (`--remote-debugging-pipe`). Where the machine has no Chromium, [`find`] says so.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often a condition is looked at that nothing tells of.
const LOOK: Duration = Duration::from_millis(50);
/// Where a Chromium may be found.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser with one page. Dropping it ends it.
pub(super) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    next_id: u64,
    /// What pages said on the browser's console, and what their scripts threw.
    pub(super) said: Vec<Value>,
    _folder: tempfile::TempDir,
}

/// The machine's Chromium, or `None` after a loud word.
pub(super) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.exists());
    if found.is_none() {
        let line = "*** SKIPPED: no Chromium on this machine, so the console was not opened in a browser. Debian: apt-get install chromium ***\n";
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    found
}

impl Browser {
    pub(super) fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (there, back) = (folder.path().join("there"), folder.path().join("back"));
        let made = Command::new("mkfifo").args([&there, &back]).status();
        assert!(made.unwrap().success());
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$THERE\" 4>\"$BACK\""])
            .arg(program)
            .env("THERE", &there)
            .env("BACK", &back)
            .env("HOME", folder.path())
            .args(["--headless=new", "--no-sandbox", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"])
            .args([
                "--disable-background-networking",
                "--disable-extensions",
                "about:blank",
            ]);
        let profile = folder.path().join("profile");
        command.arg(format!("--user-data-dir={}", profile.display()));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        // Each opening waits for the other side, in this order.
        let to = OpenOptions::new().write(true).open(&there).unwrap();
        let answers = BufReader::new(File::open(&back).unwrap());
        let (tell, from) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let _ = tell.send(serde_json::from_slice(&message).unwrap());
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            session: None,
            next_id: 0,
            said: Vec::new(),
            _folder: folder,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let begun = Instant::now();
        let target = loop {
            let targets = self.call("Target.getTargets", &json!({}));
            let targets = targets["targetInfos"].as_array().unwrap().clone();
            if let Some(page) = targets.iter().find(|target| target["type"] == "page") {
                break page["targetId"].clone();
            }
            assert!(begun.elapsed() < PATIENCE, "no page: {targets:?}");
            std::thread::park_timeout(LOOK);
        };
        let attached = self.call(
            "Target.attachToTarget",
            &json!({ "targetId": target, "flatten": true }),
        );
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "DOM", "Log"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Sends a command and waits for its answer.
    pub(super) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.answer(method, parameters)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn answer(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.next_id += 1;
        let mut message = json!({ "id": self.next_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut answer = self
                .from
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == json!(self.next_id) {
                return if answer["error"].is_null() {
                    Ok(answer["result"].take())
                } else {
                    Err(answer["error"].take())
                };
            }
            let is_fault = answer["method"] == "Runtime.exceptionThrown"
                || (answer["method"] == "Log.entryAdded"
                    && answer["params"]["entry"]["level"] == "error");
            if is_fault {
                self.said.push(answer["params"].take());
            }
        }
    }

    pub(super) fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// What an expression is in the page; null while the page changes.
    pub(super) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        match self.answer("Runtime.evaluate", &parameters) {
            Ok(answer) if answer["exceptionDetails"].is_null() => answer["result"]["value"].clone(),
            Ok(_) | Err(_) => Value::Null,
        }
    }

    /// Waits until an expression is true.
    pub(super) fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.value(expression) != json!(true) {
            if begun.elapsed() > PATIENCE {
                let text = self.value("document.body && document.body.innerText");
                panic!(
                    "never true: {expression}\n{}",
                    text.as_str().unwrap_or_default()
                );
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Waits until the page shows a text.
    pub(super) fn sees(&mut self, text: &str) {
        let text = json!(text);
        self.until(&format!(
            "document.readyState === 'complete' && document.body.innerText.includes({text})"
        ));
    }

    pub(super) fn click(&mut self, selector: &str) {
        let selector = json!(selector);
        self.until(&format!(
            "document.readyState === 'complete' && !!document.querySelector({selector})"
        ));
        self.value(&format!("document.querySelector({selector}).click()"));
    }

    /// Puts the cursor into a field and types.
    pub(super) fn types(&mut self, selector: &str, text: &str) {
        let selector = json!(selector);
        self.until(&format!(
            "document.readyState === 'complete' && !!document.querySelector({selector})"
        ));
        self.value(&format!("document.querySelector({selector}).focus()"));
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Gives a file to the field that takes one.
    pub(super) fn chooses(&mut self, selector: &str, file: &Path) {
        let root = self.call("DOM.getDocument", &json!({}));
        let wanted = json!({ "nodeId": root["root"]["nodeId"], "selector": selector });
        let found = self.call("DOM.querySelector", &wanted);
        let parameters = json!({ "nodeId": found["nodeId"], "files": [file] });
        self.call("DOM.setFileInputFiles", &parameters);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
