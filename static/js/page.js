// Small habits of a page: menus close when one clicks or goes elsewhere; [data-submits] sends its form when it changes;
// [data-picks-all] ticks the rows of its table; a [data-bulk] bar stands there only while something is ticked.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.switch[open], details.more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open], details.switch[open], details.more[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
for (const here of document.querySelectorAll(".views [aria-current]")) {
  const row = here.parentElement; // where it is wider than the screen, what one looks at is in sight
  row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}
const count = () => {
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    const ticked = document.querySelectorAll("tbody .tick:checked").length;
    bar.hidden = ticked === 0;
    for (const place of bar.querySelectorAll("[data-count]")) place.textContent = String(ticked);
  }
};
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form?.requestSubmit();
  if (event.target.matches("[data-picks-all]")) {
    for (const tick of event.target.closest("table").querySelectorAll("tbody .tick")) tick.checked = event.target.checked;
  }
  count();
});
document.addEventListener("htmx:afterSwap", count);
count();
