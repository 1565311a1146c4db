// The signature pad: strokes as whole numbers on a field of 1000 × 300, by finger, pen or mouse. What was signed holds
// for the words that were read: when they change, it is taken back.
const WIDTH = 1000, HEIGHT = 300, LEAST = 150, NEAR = 4;

export function signing({ form, ask }) {
  const dialog = form.querySelector("[data-sign]");
  const pad = dialog.querySelector("[data-pad]"), line = pad.querySelector("path");
  const error = dialog.querySelector("[data-sign-error]");
  let strokes = [], drawing = null;

  const at = (event) => {
    const box = pad.getBoundingClientRect();
    const within = (value, most) => Math.max(0, Math.min(most, Math.round(value)));
    return [within((event.clientX - box.left) / box.width * WIDTH, WIDTH), within((event.clientY - box.top) / box.height * HEIGHT, HEIGHT)];
  };
  const draw = () => line.setAttribute("d", strokes.map((one) => "M" + (one.length > 1 ? one : [one[0], one[0]]).map((p) => p.join(" ")).join("L")).join(""));
  const length = () => strokes.reduce((sum, one) => sum + one.slice(1).reduce((l, p, n) => l + Math.hypot(p[0] - one[n][0], p[1] - one[n][1]), 0), 0);
  const clear = () => { strokes = []; drawing = null; error.textContent = ""; draw(); };

  pad.addEventListener("pointerdown", (event) => { event.preventDefault(); pad.setPointerCapture(event.pointerId); drawing = [at(event)]; strokes.push(drawing); error.textContent = ""; draw(); });
  pad.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const point = at(event), last = drawing[drawing.length - 1];
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAR) return;
    drawing.push(point);
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { drawing = null; });

  const digest = () => dialog.querySelector("[data-digest]")?.dataset.digest || "";
  const isSigned = () => form.elements.signed_digest.value !== "" && form.elements.signed_digest.value === digest();

  // After each answer of the server: the words may be others now.
  function settle() {
    if (!isSigned()) { form.elements.signed_digest.value = ""; form.elements.signature.value = ""; }
    const act = form.querySelector("[data-sign-open]");
    if (act && isSigned()) { act.textContent = act.dataset.signed; act.classList.add("is-signed"); }
  }

  form.addEventListener("click", async (event) => {
    if (event.target.closest("[data-sign-open]")) {
      await ask();
      if (!digest()) return;
      clear();
      form.elements.signed_name.value = "";
      dialog.querySelector("details").open = false;
      dialog.showModal();
    } else if (event.target.closest("[data-sign-clear]")) {
      clear();
    } else if (event.target.closest("[data-sign-close]")) {
      dialog.close();
    } else if (event.target.closest("[data-sign-done]")) {
      const typed = form.elements.signed_name.value.trim();
      if (!typed && length() < LEAST) { error.textContent = error.dataset.large; return; }
      form.elements.signature.value = typed ? "" : JSON.stringify(strokes.filter((one) => one.length));
      form.elements.signed_digest.value = digest();
      dialog.close();
      settle();
      form.querySelector("button[type=submit]")?.focus();
    }
  });
  dialog.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.name === "signed_name") { event.preventDefault(); dialog.querySelector("[data-sign-done]").click(); } });
  return settle;
}
