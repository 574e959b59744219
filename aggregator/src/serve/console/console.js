// What the console does beyond links and forms: following, counting down, sorting, filtering, signing. All that is shown is there without it.
"use strict";

const offset = Number(document.body.dataset.now || Date.now()) - Date.now();
const zh = document.documentElement.lang.startsWith("zh");

// ---- counting down -------------------------------------------------------------------------------------------------------
function span(ms) {
  const all = Math.floor(Math.abs(ms) / 1000), days = Math.floor(all / 86400), hours = Math.floor(all / 3600) % 24;
  const minutes = Math.floor(all / 60) % 60, seconds = all % 60, two = (n) => String(n).padStart(2, "0");
  if (days >= 4) return zh ? `${days} 天` : `${days} d`;
  if (days) return zh ? `${days} 天 ${hours} 小时` : `${days} d ${hours} h`;
  return `${two(hours)}:${two(minutes)}:${two(seconds)}`;
}
function countDown() {
  const now = Date.now() + offset;
  for (const one of document.querySelectorAll("[data-due]")) {
    const left = Number(one.dataset.due) - now;
    const before = left < 0 ? (zh ? "已过 " : "past by ") : (zh ? "还剩 " : "in ");
    one.textContent = before + span(left);
    one.classList.toggle("bad", left < 0);
    one.classList.toggle("wait", left >= 0 && left < 3 * 3600e3);
  }
}

// ---- tables: sort, filter ------------------------------------------------------------------------------------------------
function dress(root) {
  for (const table of root.querySelectorAll(".table table")) {
    const rows = () => [...table.tBodies[0].rows];
    [...table.tHead.rows[0].cells].forEach((heading, at) => {
      if (rows().length < 2) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = heading.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", up ? "ascending" : "descending");
        const value = (row) => row.cells[at].dataset.sort;
        const text = (row) => row.cells[at].textContent;
        const sorted = rows().sort((a, b) => value(a) !== undefined && value(b) !== undefined
          ? Number(value(a)) - Number(value(b)) : text(a).localeCompare(text(b), zh ? "zh-CN" : "en", { numeric: true }));
        if (!up) sorted.reverse();
        table.tBodies[0].append(...sorted);
        // The address says so too: a link keeps the order, and so does the page when it is made anew.
        const here = new URL(location.href);
        here.searchParams.set("sort", `${table.closest(".table").id}.${up ? "" : "-"}${at + 1}`);
        history.replaceState(null, "", here);
      });
    });
    const label = table.closest(".table").querySelector("[data-filter]");
    if (label) {
      label.hidden = false;
      label.querySelector("input").addEventListener("input", (event) => {
        const wanted = event.target.value.trim().toLowerCase();
        let shown = 0;
        for (const row of rows()) {
          row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
          shown += row.hidden ? 0 : 1;
        }
        table.closest(".table").querySelector("[data-count]").textContent = `${shown} ${zh ? "行" : "rows"}`;
      });
    }
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.onclick = () => window.print();
  }
  for (const one of root.querySelectorAll("[data-link]")) one.textContent = location.origin + one.dataset.link;
  // What is to be sent on as it is: a token's line, a link.
  for (const one of navigator.clipboard ? root.querySelectorAll("[data-copy]") : []) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = zh ? "复制" : "Copy";
    button.addEventListener("click", () => navigator.clipboard.writeText(one.textContent.trim())
      .then(() => { button.textContent = zh ? "已复制" : "Copied"; }));
    one.after(" ", button);
  }
}

// ---- the wall: scenes take turns by the clock, so that a page that is made anew goes on where it was --------------------------
const TURN = 15e3;
function takeTurns() {
  const scenes = [...document.querySelectorAll("[data-scenes] > section")];
  const at = Math.floor((Date.now() + offset) / TURN) % Math.max(scenes.length, 1);
  scenes.forEach((scene, turn) => { scene.hidden = turn !== at; });
}

// ---- following -----------------------------------------------------------------------------------------------------------
const main = document.getElementById("main");
const isBusy = () => main.contains(document.activeElement) && document.activeElement.matches("input:not([data-filter] input), select, textarea");
// What somebody has typed to filter a table by, and where the cursor stands in it.
const filters = () => [...main.querySelectorAll(".table [data-filter] input")].map((input) =>
  ({ table: input.closest(".table").id, text: input.value, at: document.activeElement === input ? input.selectionStart : null }));
function refilter(kept) {
  for (const { table, text, at } of kept.filter((one) => one.text || one.at !== null)) {
    const input = document.getElementById(table)?.querySelector("[data-filter] input");
    if (!input) continue;
    input.value = text;
    input.dispatchEvent(new Event("input"));
    if (at !== null) { input.focus({ preventScroll: true }); input.setSelectionRange(at, at); }
  }
}
async function refresh() {
  if (isBusy()) return;
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { "x-granary-following": "1" } });
  if (answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const body = fresh.getElementById("main");
  if (!answer.ok || !body || isBusy()) return;
  const focused = document.activeElement && main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const kept = filters();
  const opened = [...main.querySelectorAll("details")].map((one) => one.open);
  main.replaceChildren(...body.childNodes);
  const foot = fresh.querySelector("footer time");
  if (foot) document.querySelector("footer time").textContent = foot.textContent;
  dress(main);
  countDown();
  takeTurns();
  refilter(kept);
  const details = [...main.querySelectorAll("details")];
  if (details.length === opened.length) details.forEach((one, at) => { one.open = opened[at]; });
  if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
if (main && main.dataset.live) {
  const events = new EventSource(main.dataset.live);
  const state = document.querySelector("[data-live-state]");
  let first = true;
  events.addEventListener("moved", () => { if (!first) refresh(); first = false; });
  events.addEventListener("open", () => { if (state) state.textContent = zh ? "自动更新" : "follows by itself"; });
  events.addEventListener("error", () => { if (state) state.textContent = zh ? "连接中断，正在重连" : "connection lost, trying again"; });
  // What time alone changes: a deadline that passes, a day that ends.
  setInterval(refresh, 60e3);
}
setInterval(() => {
  countDown();
  takeTurns();
  const clock = document.querySelector("[data-clock]");
  if (clock) clock.textContent = new Date(Date.now() + offset).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium", timeZone: document.body.dataset.zone });
}, 1000);
countDown();
takeTurns();
if (main) dress(main);

// ---- a receipt that is dropped --------------------------------------------------------------------------------------------
for (const form of document.querySelectorAll("[data-drop]")) {
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", async (event) => {
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    form.classList.remove("over");
    form.querySelector("textarea").value = (await file.text()).slice(0, 200000);
    form.requestSubmit();
  });
  const chooser = form.querySelector("[data-fill]");
  if (!chooser) continue;
  chooser.hidden = false;
  chooser.addEventListener("change", async () => {
    if (chooser.files[0]) form.querySelector("textarea").value = (await chooser.files[0].text()).slice(0, 200000);
  });
}

// ---- the files of a catalogue that are dropped or chosen --------------------------------------------------------------------
for (const form of document.querySelectorAll("[data-files]")) {
  const told = form.querySelector("[data-files-told]"), chooser = form.querySelector("input[type=file]");
  const files = () => [...form.querySelectorAll("[data-file]")];
  const named = (name) => files().find((one) => one.querySelector("[name=name]").value.trim() === name);
  const put = (name, text) => {
    let place = named(name);
    if (!place) {
      const spare = files().at(-1);
      place = spare.cloneNode(true);
      place.querySelector("summary").textContent = name;
      place.querySelector("[name=name]").value = name;
      spare.before(place);
    }
    place.querySelector("[name=text]").value = text;
    place.open = true;
  };
  const take = async (list) => {
    const names = [];
    for (const file of [...list].filter((one) => one.name.endsWith(".toml") && one.size <= 8 << 20).slice(0, 64)) {
      put(file.name, await file.text());
      names.push(file.name);
    }
    told.textContent = names.length ? `${zh ? "已读入 " : "read: "}${names.join(", ")}` : (zh ? "没有 .toml 文件" : "no .toml file among them");
  };
  chooser.hidden = false;
  chooser.addEventListener("change", () => take(chooser.files));
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => { event.preventDefault(); form.classList.remove("over"); take(event.dataTransfer.files); });
}

// ---- signing: the key stays in this browser --------------------------------------------------------------------------------
const store = (mode, act) => new Promise((resolve, reject) => {
  const open = indexedDB.open("granary", 1);
  open.onupgradeneeded = () => open.result.createObjectStore("keys");
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const request = act(open.result.transaction("keys", mode).objectStore("keys"));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  };
});
const kept = () => store("readonly", (keys) => keys.get("operator")).catch(() => undefined);
const forget = () => store("readwrite", (keys) => keys.delete("operator")).catch(() => undefined);
async function importKey(pem) {
  const text = pem.replace(/-----[^-]*-----/g, "").replace(/\s/g, "");
  const der = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  // The seed stands after the marks 04 22 04 20; around it goes the oldest form of PKCS #8, which every browser reads.
  const at = der.findIndex((_, i) => der[i] === 4 && der[i + 1] === 0x22 && der[i + 2] === 4 && der[i + 3] === 0x20);
  if (at < 0 || der.length < at + 36) throw new Error("no Ed25519 seed");
  const head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
  const plain = new Uint8Array([...head, ...der.slice(at + 4, at + 36)]);
  return crypto.subtle.importKey("pkcs8", plain, { name: "Ed25519" }, false, ["sign"]);
}
// DSSE v1: what is signed are these bytes, not the payload alone.
function preAuthentication(type, payload) {
  const text = new TextEncoder();
  const head = text.encode(`DSSEv1 ${text.encode(type).length} ${type} ${payload.length} `);
  const all = new Uint8Array(head.length + payload.length);
  all.set(head);
  all.set(payload, head.length);
  return all;
}
const sign = document.getElementById("sign");
if (sign) {
  const tell = (text) => { const error = sign.querySelector("[data-error]"); error.textContent = text; error.hidden = false; };
  const show = async () => {
    const has = Boolean(await kept());
    sign.querySelector("[data-kept]").hidden = !has;
    sign.querySelector("[data-choose]").hidden = has;
  };
  if (!crypto.subtle) tell(sign.dataset.unable); else show();
  sign.querySelector("[data-forget]").addEventListener("click", async () => { await forget(); show(); });
  sign.addEventListener("submit", async (event) => {
    if (sign.elements.signature.value) return;
    event.preventDefault();
    if (!crypto.subtle) return tell(sign.dataset.unable);
    try {
      let key = await kept();
      if (!key) {
        key = await importKey(await sign.querySelector("input[type=file]").files[0].text());
        if (sign.querySelector("[data-keep]").checked) await store("readwrite", (keys) => keys.put(key, "operator"));
      }
      const payload = Uint8Array.from(atob(sign.querySelector("[data-payload]").value), (c) => c.charCodeAt(0));
      const signature = await crypto.subtle.sign({ name: "Ed25519" }, key, preAuthentication(sign.dataset.type, payload));
      sign.elements.signature.value = btoa(String.fromCharCode(...new Uint8Array(signature)));
      sign.requestSubmit();
    } catch (error) {
      tell(`${sign.dataset.failed} (${error.message || error.name})`);
    }
  });
}
for (const form of document.querySelectorAll('form[action="/logout"]')) form.addEventListener("submit", () => { forget(); });
