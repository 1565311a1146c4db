// "/" or Ctrl-K goes to the search field; Escape puts its answers away; the arrows walk through them.
const field = () => [...document.querySelectorAll("[data-search]")].find((one) => one.offsetParent !== null);
const writes = (element) => element?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element?.tagName ?? "");

document.addEventListener("keydown", (event) => {
  const asked = (event.key === "/" && !writes(event.target)) || (event.key === "k" && (event.ctrlKey || event.metaKey));
  if (asked && !document.querySelector("dialog[open]")) {
    const search = field();
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    return;
  }
  const form = event.target.closest?.(".search");
  if (!form) return;
  const links = [...form.querySelectorAll(".search-answers a")];
  if (event.key === "Escape") form.querySelector(".search-answers").replaceChildren();
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && links.length) {
    event.preventDefault();
    const place = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (place < 0 ? field() : links[Math.min(place, links.length - 1)])?.focus();
  }
});
document.addEventListener("click", (event) => {
  for (const answers of document.querySelectorAll(".search-answers")) {
    if (!answers.parentElement.contains(event.target)) answers.replaceChildren();
  }
});
