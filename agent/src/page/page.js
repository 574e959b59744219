// What the page does beyond forms and links: dropping a file anywhere, adding evidence without losing what was typed, following a file
// that was sent, printing. All of it works without.
"use strict";

// Files that are dropped anywhere on the page go into the field `input()` of the element `zone()`.
const takeDrops = (zone, input, send) => {
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) { depth += 1; zone().classList.add("over"); }
  });
  document.addEventListener("dragleave", (event) => {
    if (holdsFiles(event) && --depth <= 0) { depth = 0; zone().classList.remove("over"); }
  });
  document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    zone().classList.remove("over");
    input().files = event.dataTransfer.files;
    send();
  });
};

const drop = document.getElementById("drop");
if (drop) {
  const input = document.getElementById("file");
  // The browser's own button speaks the browser's language; the label, in the page's, takes its place.
  drop.classList.add("live");
  const send = () => { if (input.files.length) drop.requestSubmit(); };
  input.addEventListener("change", send);
  takeDrops(() => drop, () => input, send);
}

// Evidence is added and removed beside the page, so that names and explanations that were typed stay; where a report could not be
// read for want of it, the page is shown anew.
const attach = document.getElementById("attach");
if (attach) {
  const detach = document.getElementById("detach");
  const input = () => document.getElementById("evidence-files");
  const send = () => { if (input().files.length) attach.requestSubmit(); };
  const listen = () => input().addEventListener("change", send);
  const put = async (form, body) => {
    const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const evidence = fresh.getElementById("evidence");
    if (answer.ok && evidence && document.getElementById("send")) {
      document.getElementById("evidence").replaceChildren(...evidence.childNodes);
      listen();
    } else if (answer.ok) {
      location.reload();
    } else {
      const why = document.getElementById("evidence-problem");
      why.textContent = (fresh.querySelector("main .notice") || fresh.querySelector("main")).textContent.trim();
      why.hidden = false;
      input().value = "";
    }
    delete form.dataset.sent;
  };
  attach.addEventListener("submit", (event) => { event.preventDefault(); put(attach, new FormData(attach)); });
  detach.addEventListener("submit", (event) => {
    event.preventDefault();
    put(detach, new URLSearchParams(new FormData(detach, event.submitter)));
  });
  listen();
  takeDrops(() => document.getElementById("evidence"), input, send);
}

// A form is sent once, however often the button is pressed.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

const offerPrint = () => {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
};
offerPrint();

const outcome = document.getElementById("outcome");
if (outcome && outcome.dataset.events) {
  const events = new EventSource(outcome.dataset.events);
  const show = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const body = fresh.getElementById("outcome");
    if (!answer.ok || !body) return location.reload();
    outcome.replaceChildren(...body.childNodes);
    document.title = fresh.title;
    offerPrint();
  };
  events.addEventListener("waiting", show);
  events.addEventListener("settled", () => { events.close(); show(); });
}
