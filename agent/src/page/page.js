// What the page does beyond forms and links: dropping a file anywhere, following a file that was sent, printing. All of it works without.
"use strict";

const drop = document.getElementById("drop");
if (drop) {
  const input = document.getElementById("file");
  // The browser's own button speaks the browser's language; the label, in the page's, takes its place.
  drop.classList.add("live");
  const send = () => { if (input.files.length) drop.requestSubmit(); };
  input.addEventListener("change", send);
  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) { depth += 1; drop.classList.add("over"); }
  });
  document.addEventListener("dragleave", (event) => {
    if (holdsFiles(event) && --depth <= 0) { depth = 0; drop.classList.remove("over"); }
  });
  document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    input.files = event.dataTransfer.files;
    send();
  });
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
