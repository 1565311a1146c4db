// What a tablet could not send, kept on it until it is: sent again by itself under the number that its form got at its
// beginning, so that nobody is enrolled twice. What the counter refuses stays too, with its reason, until somebody has
// mended it or thrown it away: money may have been taken for it.
const KEPT = "tacite.enrolments";
const AGAIN = 5000;

export function keeping({ place, send, open }) {
  const read = () => { try { return JSON.parse(localStorage.getItem(KEPT)) ?? []; } catch { return []; } };
  const write = (all) => { localStorage.setItem(KEPT, JSON.stringify(all)); show(); };
  const drop = (id) => write(read().filter((one) => one.id !== id));
  const add = (one) => write([...read().filter((other) => other.id !== one.id), { ...one, why: "" }]);
  const refuse = (id, why) => write(read().map((one) => (one.id === id ? { ...one, why } : one)));
  let sending = false;

  async function sendAll(all) {
    if (sending) return;
    sending = true;
    try {
      for (const one of all) {
        const answer = await send(one.fields).catch(() => null);
        if (!answer || answer.status >= 500 || answer.status === 401 || answer.status === 429) return;
        const body = await answer.json().catch(() => ({}));
        if (answer.ok) { drop(one.id); done(one, body.go_to); }
        else refuse(one.id, [body.detail, body.way_out].filter(Boolean).join(" ") || String(answer.status));
      }
    } finally { sending = false; }
  }

  function done(one, address) {
    const line = document.createElement("p"), link = document.createElement("a");
    line.className = "notice";
    line.dataset.state = "good";
    link.href = address;
    link.textContent = one.who || address;
    line.append(`${place.dataset.done} `, link);
    document.querySelector("[data-sent]").append(line);
  }

  function show() {
    const all = read(), list = place.querySelector("[data-kept-list]"), row = place.querySelector("template");
    place.hidden = !all.length;
    place.querySelector("[data-kept-count]").textContent = all.length;
    list.replaceChildren(...all.filter((one) => one.why).map((one) => {
      const part = row.content.cloneNode(true);
      part.querySelector("[data-who]").textContent = one.who;
      part.querySelector("[data-why]").textContent = one.why;
      part.querySelector("[data-open]").addEventListener("click", () => open(one));
      part.querySelector("[data-again]").addEventListener("click", () => sendAll([one]));
      part.querySelector("[data-throw]").addEventListener("click", () => drop(one.id));
      return part;
    }));
  }

  const waiting = () => read().filter((one) => !one.why);
  place.querySelector("[data-send-kept]").addEventListener("click", () => sendAll(read()));
  addEventListener("online", () => sendAll(waiting()));
  setInterval(() => { if (waiting().length) sendAll(waiting()); }, AGAIN);
  show();
  sendAll(waiting());
  return { add, drop };
}
