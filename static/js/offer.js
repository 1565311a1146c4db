// The offer editor: one stage's fields stand there at a time, chosen on the time line. Without this, all of them do.
const editor = () => document.querySelector("[data-editor]");
const show = (place) => {
  const form = editor();
  if (!form) return;
  form.querySelector("[data-active]").value = String(place);
  for (const panel of form.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== String(place);
  for (const block of form.querySelectorAll("[data-stage]")) block.setAttribute("aria-pressed", String(block.dataset.stage === String(place)));
};
const chosen = () => editor()?.querySelector("[data-active]").value ?? "0";

document.addEventListener("click", (event) => {
  const block = event.target.closest("[data-editor] [data-stage]");
  if (!block) return;
  show(block.dataset.stage);
  editor().querySelector(`[data-panel="${block.dataset.stage}"] .form-control`)?.focus({ preventScroll: true });
});
const settle = () => { if (editor()?.querySelector("[data-stage]")) show(chosen()); };
document.addEventListener("htmx:oobAfterSwap", settle);
document.addEventListener("htmx:afterSwap", settle);
settle();
