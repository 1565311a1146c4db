// Dialogs: [data-opens="id"] opens one of the page; one fetched into #dialog-place opens as it arrives and goes when closed.
const arrive = (root) => {
  for (const dialog of root.querySelectorAll("dialog[data-open]:not([open])")) {
    dialog.addEventListener("close", () => dialog.remove(), { once: true });
    dialog.showModal();
  }
};
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});
document.addEventListener("htmx:afterSwap", (event) => arrive(event.target.parentElement ?? document));
arrive(document);
