// What makes the pages nicer. Every flow works without it; nothing here decides
// anything: rules are the unit's, and it is asked for them.
"use strict";

const TRIES_MAX = 100;
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Makes an element with this text, which is never read as HTML.
function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

// Fingerprints and PEM can be copied.
function copying(root) {
  for (const source of root.querySelectorAll("code.print, textarea.pem[readonly]")) {
    const label = source.getAttribute("aria-label") || "this value";
    const button = make("button", { type: "button", className: "quiet copy" }, "Copy");
    button.append(make("span", { className: "unseen" }, ` ${label}`));
    const said = make("span", { className: "help" });
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      const text = source.value === undefined ? source.textContent : source.value;
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = " Copied.";
      } catch {
        if (source.select) source.select();
        else getSelection().selectAllChildren(source);
        said.textContent = " Selected: press Ctrl+C.";
      }
      await pause(4000);
      said.textContent = "";
    });
    source.after(" ", button, said);
  }
}

// Times are shown in the browser's zone; UTC stays at hand.
function localTimes(root) {
  const format = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  if (["UTC", "Etc/UTC"].includes(format.resolvedOptions().timeZone)) return;
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime()) || moment.getUTCFullYear() > 9000) continue;
    time.title = time.textContent;
    time.textContent = format.format(moment);
  }
}

// What is left of a trial, every second. At its end the unit is asked.
function countdown(root) {
  const left = root.querySelector("[data-seconds-left]");
  if (!left) return;
  const end = Date.now() + 1000 * Number(left.dataset.secondsLeft);
  const timer = setInterval(() => {
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    const [minutes, rest] = [Math.floor(seconds / 60), String(seconds % 60).padStart(2, "0")];
    left.textContent = `${minutes}:${rest}`;
    if (seconds > 0) return;
    clearInterval(timer);
    setTimeout(() => location.reload(), 3000);
  }, 1000);
}

// After an installation: the new certificate is tried until the browser takes it.
// The unit says over which certificate the question came.
async function trying(root) {
  const card = root.querySelector("[data-expects]");
  if (!card) return;
  const said = make("p", {}, "This page tries the new certificate now.");
  said.setAttribute("role", "status");
  card.append(said);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await pause(2000);
    try {
      const answer = await fetch("/management/https/served", { cache: "no-store" });
      if (answer.redirected) break;
      if (answer.ok && (await answer.text()) === card.dataset.expects) {
        said.textContent = "Your browser accepts the new certificate.";
        if (card.dataset.next) location.assign(card.dataset.next);
        return;
      }
    } catch {
      said.textContent = "Your browser does not accept the new certificate yet. Go on with it "
        + "below: the browser warns, and you compare the fingerprint.";
    }
  }
}

// A file may be dropped anywhere on the form that takes it.
function dropping(root) {
  for (const input of root.querySelectorAll("input[type=file]")) {
    const form = input.form;
    const mark = (on) => form.classList.toggle("dropping", on);
    const help = document.getElementById(`${input.id}-help`);
    if (help) help.append(" You can also drop the file here.");
    form.addEventListener("dragover", (event) => {
      event.preventDefault();
      mark(true);
    });
    form.addEventListener("dragleave", (event) => mark(form.contains(event.relatedTarget)));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(false);
      if (event.dataTransfer.files.length !== 1) return;
      input.files = event.dataTransfer.files;
      form.querySelector("button.primary").focus();
    });
  }
}

// Says beside a field what the unit says of it; nothing takes it away.
function say(id, messages) {
  const target = document.getElementById(id);
  if (!target) return;
  const field = target.closest(".row") || target.closest(".field");
  let fault = document.getElementById(`${id}-fault`);
  if (!fault && messages.length > 0) {
    fault = make("div", { className: "fault", id: `${id}-fault` });
    fault.setAttribute("role", "status");
    const control = field.querySelector(":scope > .control");
    if (control) control.before(fault);
    else field.prepend(fault);
  }
  field.classList.toggle("wrong", messages.length > 0);
  for (const input of target.matches("input, select") ? [target] : field.querySelectorAll(".control > input")) {
    const others = (input.getAttribute("aria-describedby") || "").split(" ").filter((other) => other && other !== `${id}-fault`);
    if (messages.length > 0) others.unshift(`${id}-fault`);
    input.setAttribute("aria-describedby", others.join(" "));
    input.toggleAttribute("aria-invalid", false);
    if (messages.length > 0) input.setAttribute("aria-invalid", "true");
  }
  if (!fault) return;
  if (messages.length === 0) return fault.remove();
  const paragraphs = messages.map((message) => {
    const mark = make("span", { className: "mark" });
    mark.setAttribute("aria-hidden", "true");
    return make("p", {}, mark, make("span", { className: "word" }, "To mend:"), ` ${message}`);
  });
  fault.replaceChildren(...paragraphs);
}

// The form is checked by the unit while it is filled in. Only what was touched is
// spoken of.
function checking(root) {
  const form = root.querySelector("form#create");
  if (!form) return;
  const touched = new Set();
  let [timer, asked] = [0, 0];
  const idOf = (input) => {
    const row = input.closest(".row");
    if (row) return row.querySelector(".value > input").id;
    return input.name === "organizational_unit" ? input.name : input.id;
  };
  const check = async () => {
    const number = (asked += 1);
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch("/management/https/check", { method: "POST", body });
    if (!answer.ok || answer.redirected || number !== asked) return;
    const said = await answer.json();
    for (const id of touched) {
      say(id, said.filter((fault) => fault.id === id).map((fault) => fault.message));
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => check().catch(() => {}), 500);
  };
  form.addEventListener("change", (event) => {
    touched.add(idOf(event.target));
    soon();
  });
  form.addEventListener("input", soon);
}

// The progress goes on without loading the page anew. The last answer is shown as it
// came: the next connection may have another certificate.
async function progressing(root) {
  if (!root.querySelector("progress")) return;
  for (let failed = 0; failed < 5; ) {
    await pause(500);
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (answer.redirected) return location.assign(answer.url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [shown, next] = [document.querySelector("main"), page.querySelector("main")];
      const [bar, next_bar] = [shown.querySelector("progress"), next.querySelector("progress")];
      if (next_bar) {
        bar.value = next_bar.value;
        shown.querySelector("[data-progress]").textContent = next.querySelector("[data-progress]").textContent;
        continue;
      }
      document.title = page.title;
      shown.replaceChildren(...next.childNodes);
      return enhance(shown);
    } catch {
      failed += 1;
    }
  }
  location.reload();
}

function enhance(root) {
  for (const part of [copying, localTimes, countdown, trying, dropping, checking, progressing]) part(root);
}

enhance(document);
