// Enrolling: counts touches and seconds, sends without leaving the page, puts refusals beside their fields. What could
// not be sent is kept on the tablet (counter_kept.js).
import { keeping } from "./counter_kept.js";
import { signing } from "./counter_signature.js";

const form = document.querySelector("[data-enrol]");
const refused = form.querySelector("[data-refused]");
const KEPT = "tacite.enrolments";
let begun = 0, touches = 0;

form.addEventListener("pointerdown", () => { begun ||= Date.now(); touches += 1; }, { capture: true });
form.addEventListener("input", () => { begun ||= Date.now(); }, { capture: true });

// Each choice asks for the ticket anew; what is still on its way for an older choice is given up.
let asking;
async function ask() {
  asking?.abort();
  asking = new AbortController();
  let answer;
  try {
    answer = await fetch(form.dataset.ticket, { method: "POST", body: new URLSearchParams([...new FormData(form)]), signal: asking.signal });
  } catch { return; }
  if (answer.redirected) { location.assign(answer.url); return; }
  const sent = new DOMParser().parseFromString(await answer.text(), "text/html");
  const at = document.activeElement, typed = at?.matches?.("input[type=text]") ? { value: at.value, start: at.selectionStart, end: at.selectionEnd } : null;
  for (const part of sent.querySelectorAll("[data-place]")) {
    document.getElementById(part.dataset.place)?.replaceChildren(...part.childNodes);
  }
  const again = at?.name && !at.isConnected && form.querySelector(`[name="${at.name}"]:checked, input[type=text][name="${at.name}"]`);
  if (again) {
    again.focus();
    if (typed && again.value !== typed.value) {  // typed while the answer was on its way
      again.value = typed.value;
      again.addEventListener("blur", ask, { once: true });
    }
    if (typed) again.setSelectionRange(typed.start, typed.end);
  }
  settle();
  name();
}
const settle = signing({ form, ask });
form.addEventListener("change", (event) => { if (!["phone", "name", "email", "birth_on", "signed_name"].includes(event.target.name)) ask(); });

const errors = (found) => {
  for (const place of form.querySelectorAll("[data-error]")) {
    const error = found.find((one) => one.field.split("[")[0] === place.dataset.error);
    place.textContent = error ? error.detail : "";
    form.elements[place.dataset.error]?.setAttribute?.("aria-invalid", error ? "true" : "false");
  }
  form.querySelector("[aria-invalid=true]")?.focus();
};
const say = (text) => {
  refused.replaceChildren();
  if (!text) return;
  const line = document.createElement("p");
  line.className = "notice";
  line.dataset.state = "bad";
  line.textContent = text;
  refused.append(line);
  refused.scrollIntoView({ block: "nearest" });
};

const send = (fields) => fetch(form.action, {
  method: "POST",
  headers: { "Accept": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  body: new URLSearchParams(fields),
});
const queue = keeping({ place: document.querySelector("[data-kept]"), send, open: reopen });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.elements.seconds.value = begun ? Math.round((Date.now() - begun) / 1000) : "";
  form.elements.touches.value = touches;
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  const one = { id: form.elements.client_id.value, fields, who: whoIs() };
  const act = form.querySelector("button[type=submit]");
  act.disabled = true;
  say("");
  let answer;
  try { answer = await send(fields); } catch { queue.add(one); act.disabled = false; return; }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) { queue.drop(one.id); location.assign(body.go_to); return; }
  if (body.go_to) { queue.add(one); location.assign(body.go_to); return; }  // signed out: it is sent after the PIN
  act.disabled = false;
  if (answer.status >= 500 || answer.status === 429) { queue.add(one); return; }
  errors(body.errors ?? []);
  const named = (body.errors ?? []).every((each) => form.querySelector(`[data-error="${each.field.split("[")[0]}"]`));
  say(named && body.errors?.length ? "" : [body.detail, body.way_out].filter(Boolean).join(" "));
});

// Puts what was kept back into the form, under its own number: what is mended and sent again is still one enrolment.
async function reopen(one) {
  const values = new Map(one.fields), all = one.fields.filter(([name]) => name === "option").map(([, value]) => value);
  if (values.get("person")) {
    const part = await fetch(`${form.dataset.who}?person=${encodeURIComponent(values.get("person"))}`);
    const shown = new DOMParser().parseFromString(await part.text(), "text/html");
    document.getElementById("who-fields").replaceChildren(...shown.body.childNodes);
  }
  for (const name of ["client_id", "phone", "name", "email", "birth_on"]) {
    if (form.elements[name] && values.has(name)) form.elements[name].value = values.get(name);
  }
  const tick = (name, value) => { const key = form.querySelector(`[name="${name}"][value="${CSS.escape(value ?? "")}"]`); if (key) key.checked = true; };
  for (const name of ["offer", "means", "later"]) tick(name, values.get(name));
  await ask();
  for (const value of all) tick("option", value);
  for (const name of ["iban", "holder"]) if (form.elements[name] && values.has(name)) form.elements[name].value = values.get(name);
  await ask();
  tick("tendered", values.get("tendered"));
  await ask();
}

// Whoever is chosen names the ticket.
function whoIs() { return form.querySelector("[name=person]")?.dataset.name || form.elements.name?.value || ""; }
function name() {
  const title = form.querySelector("[data-ticket-name]");
  if (title && whoIs()) title.textContent = whoIs();
}
document.body.addEventListener("htmx:afterSettle", (event) => {
  name();
  if (event.target.id === "who-fields" && form.elements.offer?.value) ask();
});
form.addEventListener("input", name);
name();
