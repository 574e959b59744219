//! A headless Chromium that is told what to do over the Chrome DevTools Protocol, through two pipes with names: no port, no driver.
//!
//! Messages are JSON, each ended by a zero byte (`--remote-debugging-pipe`). Where the machine has no Chromium, [`find`] says so.
//!
//! The console's test in the aggregator includes this file by its path, because a program's own tests depend on no crate of tests.

use std::{
    collections::VecDeque,
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
const LOOK: Duration = Duration::from_millis(25);
/// Where a Chromium may be found.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A browser with one page. Dropping it ends it.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    /// What happened while an answer was waited for.
    events: VecDeque<Value>,
    session: Option<String>,
    next_id: u64,
    _folder: tempfile::TempDir,
}

/// The machine's Chromium, or `None` after a loud word.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = NAMES.iter().find_map(|name| {
        folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| path.exists())
    });
    if found.is_none() {
        let line = "*** SKIPPED: no Chromium on this machine, so nothing was opened in a browser. Debian: apt-get install chromium ***\n";
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    found
}

impl Browser {
    pub(crate) fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (there, back) = (folder.path().join("there"), folder.path().join("back"));
        let made = Command::new("mkfifo")
            .args([&there, &back])
            .status()
            .unwrap();
        assert!(made.success());
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$THERE\" 4>\"$BACK\""])
            .arg(program);
        command
            .env("THERE", &there)
            .env("BACK", &back)
            .env("HOME", folder.path());
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--remote-debugging-pipe",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-sync",
            "--hide-scrollbars",
            "about:blank",
        ]);
        command.arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ));
        let command = command
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
            events: VecDeque::new(),
            session: None,
            next_id: 0,
            _folder: folder,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let begun = Instant::now();
        let target = loop {
            let targets = self.call("Target.getTargets", json!({}));
            let targets = targets["targetInfos"].as_array().unwrap().clone();
            let page = targets.iter().find(|target| target["type"] == "page");
            if let Some(page) = page {
                break page["targetId"].clone();
            }
            assert!(begun.elapsed() < PATIENCE, "no page: {targets:?}");
            self.pause();
        };
        let attached = self.call(
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
        );
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "DOM", "Log"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.answer(method, parameters);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn answer(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.next_id += 1;
        let mut message = json!({ "id": self.next_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE);
            let mut answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] != json!(self.next_id) {
                self.events.push_back(answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].take());
            } else {
                return Err(answer["error"].take());
            }
        }
    }

    /// Waits a moment, or for something to happen.
    fn pause(&mut self) {
        self.events.extend(self.from.recv_timeout(LOOK));
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
    }

    /// What an expression is in the page; null while the page changes.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true });
        match self.answer("Runtime.evaluate", parameters) {
            Ok(answer) if answer["exceptionDetails"].is_null() => answer["result"]["value"].clone(),
            Ok(_) | Err(_) => Value::Null,
        }
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.value(expression) != json!(true) {
            if begun.elapsed() > PATIENCE {
                let text = self.value("document.body && document.body.innerText");
                panic!(
                    "never true: {expression}\n{}",
                    text.as_str().unwrap_or_default()
                );
            }
            self.pause();
        }
    }

    /// Waits until the page shows a text.
    pub(crate) fn sees(&mut self, text: &str) {
        let text = json!(text);
        self.until(&format!(
            "document.readyState === 'complete' && document.body.innerText.includes({text})"
        ));
    }

    pub(crate) fn click(&mut self, selector: &str) {
        let selector = json!(selector);
        self.until(&format!(
            "document.readyState === 'complete' && !!document.querySelector({selector})"
        ));
        self.value(&format!("document.querySelector({selector}).click()"));
    }

    /// Puts the cursor into a field and types.
    pub(crate) fn types(&mut self, selector: &str, text: &str) {
        let selector = json!(selector);
        self.until(&format!(
            "document.readyState === 'complete' && !!document.querySelector({selector})"
        ));
        self.value(&format!("document.querySelector({selector}).focus()"));
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key where the cursor is.
    pub(crate) fn presses(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            other => panic!("{other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut parameters =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                parameters["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", parameters);
        }
    }

    /// Gives a file to the field that takes one.
    pub(crate) fn chooses(&mut self, selector: &str, file: &Path) {
        let root = self.call("DOM.getDocument", json!({}));
        let found = self.call(
            "DOM.querySelector",
            json!({ "nodeId": root["root"]["nodeId"], "selector": selector }),
        );
        let parameters = json!({ "nodeId": found["nodeId"], "files": [file] });
        self.call("DOM.setFileInputFiles", parameters);
    }

    /// As wide as a desk's screen, or half of it with everything twice as large, as at 200 %.
    pub(crate) fn width(&mut self, is_zoomed: bool) {
        let (width, height, scale) = if is_zoomed {
            (640, 450, 2)
        } else {
            (1280, 900, 1)
        };
        let parameters = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", parameters);
    }

    pub(crate) fn dark(&mut self, is_dark: bool) {
        let value = if is_dark { "dark" } else { "light" };
        let feature = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": feature }));
    }

    /// Keeps a picture of the whole page where `GRANARY_SCREENSHOTS` names a folder.
    pub(crate) fn picture(&mut self, name: &str) {
        use base64::Engine as _;
        let Some(folder) = std::env::var_os("GRANARY_SCREENSHOTS") else {
            return;
        };
        let picture = self.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "captureBeyondViewport": true }),
        );
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    /// What scripts threw, and what pages said of broken policies and the like; not that a server refused something.
    pub(crate) fn faults(&mut self) -> Vec<Value> {
        let is_fault = |event: &&Value| {
            let entry = &event["params"]["entry"];
            event["method"] == "Runtime.exceptionThrown"
                || (event["method"] == "Log.entryAdded"
                    && entry["level"] == "error"
                    && entry["source"] != "network")
        };
        self.events().filter(is_fault).cloned().collect()
    }

    /// Everything that has happened so far.
    pub(crate) fn events(&mut self) -> impl Iterator<Item = &Value> {
        self.call("Runtime.evaluate", json!({ "expression": "1" }));
        self.events.iter()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
