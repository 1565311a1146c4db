// The payment form shows new amounts as soon as an option is ticked. Without this file a button does the same.
const form = document.querySelector("[data-recomputes]");
let under = null;

function wire(root) {
  root.querySelector("[data-recompute-button]")?.parentElement.setAttribute("hidden", "");
  for (const tick of root.querySelectorAll("[data-recompute]")) tick.addEventListener("change", recompute);
}

async function recompute() {
  under?.abort();
  under = new AbortController();
  const now = document.querySelector("[data-recomputes]");
  const body = new FormData(now);
  body.set("act", "change");
  if (document.getElementById("code")) body.delete("code"); // a code is tried by its own button
  for (const name of ["company", "vat_number"]) body.delete(name); // and so is a company
  now.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(now.action, { method: "POST", body, signal: under.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-recomputes]");
    if (!fresh) return location.reload();
    const focused = document.activeElement?.id;
    for (const id of ["consent", "code", "company", "vat_number"]) {
      const [old, made] = [document.getElementById(id), page.getElementById(id)];
      if (old && made) [made.checked, made.value] = [old.checked, old.value];
    }
    const company = page.querySelector(".pay-company");
    if (company) company.open = document.querySelector(".pay-company")?.open ?? company.open;
    document.querySelector("main").replaceWith(page.querySelector("main"));
    wire(document);
    if (focused) document.getElementById(focused)?.focus();
    document.querySelector("[data-said]").textContent = document.querySelector(".due").textContent;
  } catch (fault) {
    if (fault.name !== "AbortError") now.requestSubmit(now.querySelector("[data-recompute-button]"));
  }
}

if (form) wire(document);
