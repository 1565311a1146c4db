// Enrolling: counts touches and seconds, sends without leaving the page, puts refusals beside their fields, and keeps on
// this tablet what could not be sent: it is sent once the network is back, under the number it got at its beginning, so
// that nobody is enrolled twice.
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
  const focused = document.activeElement?.name;
  let answer;
  try {
    answer = await fetch(form.dataset.ticket, { method: "POST", body: new URLSearchParams([...new FormData(form)]), signal: asking.signal });
  } catch { return; }
  if (answer.redirected) { location.assign(answer.url); return; }
  const sent = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of sent.querySelectorAll("[data-place]")) {
    document.getElementById(part.dataset.place)?.replaceChildren(...part.childNodes);
  }
  const again = focused && !form.contains(document.activeElement) && form.querySelector(`[name="${focused}"]:checked, input[type=text][name="${focused}"]`);
  if (again) again.focus();
  name();
}
form.addEventListener("change", (event) => { if (!["phone", "name", "email", "birth_on"].includes(event.target.name)) ask(); });

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

const kept = () => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? []; } catch { return []; } };
const keep = (all) => localStorage.setItem(KEPT, JSON.stringify(all));
const send = (fields) => fetch(form.action, {
  method: "POST",
  headers: { "Accept": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  body: new URLSearchParams(fields),
});

async function sendKept() {
  for (const one of kept()) {
    let answer;
    try { answer = await send(one.fields); } catch { return; }
    if (answer.status >= 500 || answer.status === 401 || answer.status === 429) return;
    keep(kept().filter((other) => other.id !== one.id));
    const body = await answer.json().catch(() => ({}));
    document.dispatchEvent(new CustomEvent("tacite:sent", { detail: { ...one, ok: answer.ok, body } }));
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.elements.seconds.value = begun ? Math.round((Date.now() - begun) / 1000) : "";
  form.elements.touches.value = touches;
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  const act = form.querySelector("button[type=submit]");
  act.disabled = true;
  say("");
  let answer;
  try { answer = await send(fields); } catch {
    const id = form.elements.client_id.value;
    keep([...kept().filter((one) => one.id !== id), { id, fields, who: form.elements.name?.value ?? "", at: Date.now() }]);
    tellKept();
    act.disabled = false;
    return;
  }
  const body = await answer.json().catch(() => ({ detail: form.dataset.failed, errors: [] }));
  if (answer.ok || body.go_to) { location.assign(body.go_to); return; }
  act.disabled = false;
  errors(body.errors ?? []);
  const named = (body.errors ?? []).every((one) => form.querySelector(`[data-error="${one.field.split("[")[0]}"]`));
  say(named && body.errors?.length ? "" : [body.detail, body.way_out].filter(Boolean).join(" "));
});

const waiting = document.querySelector("[data-kept]");
function tellKept() {
  const all = kept();
  if (!waiting) return;
  waiting.hidden = !all.length;
  waiting.querySelector("[data-kept-count]").textContent = all.length;
}
document.addEventListener("tacite:sent", (event) => {
  tellKept();
  const { ok, body, id } = event.detail;
  if (ok && form.elements.client_id.value === id) { location.assign(body.go_to); return; }
  if (ok) {
    const place = form.querySelector("[data-sent]"), line = document.createElement("p"), link = document.createElement("a");
    line.className = "notice";
    line.dataset.state = "good";
    link.href = body.go_to;
    link.textContent = event.detail.who || body.go_to;
    line.append(`${place.dataset.words} `, link);
    place.append(line);
  }
  if (!ok) { say([event.detail.who, body.detail, body.way_out].filter(Boolean).join(": ")); errors(body.errors ?? []); }
});
form.querySelector("[data-send-kept]").addEventListener("click", sendKept);
addEventListener("online", sendKept);
setInterval(() => { if (kept().length) sendKept(); }, 5000);
tellKept();
sendKept();

// Whoever is chosen names the ticket.
function name() {
  const title = form.querySelector("[data-ticket-name]");
  const who = form.querySelector("[name=person]")?.dataset.name || form.elements.name?.value;
  if (title && who) title.textContent = who;
}
document.body.addEventListener("htmx:afterSettle", (event) => {
  name();
  if (event.target.id === "who-fields" && form.elements.offer?.value) ask();
});
form.addEventListener("input", name);
name();
