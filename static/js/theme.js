// Light or dark: the system decides until someone chooses; the choice is this browser's. Loaded first, so that nothing flashes.
"use strict";
(() => {
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const show = (theme) => { if (theme) root.dataset.bsTheme = theme; else delete root.dataset.bsTheme; };
  show(stored());
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        const next = (stored() || system) === "dark" ? "light" : "dark";
        const theme = next === system ? null : next;
        try { if (theme) localStorage.setItem("theme", theme); else localStorage.removeItem("theme"); } catch { /* not kept */ }
        show(theme);
      });
    }
  });
})();
