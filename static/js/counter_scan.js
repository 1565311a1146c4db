// A hand scanner types a card's code and Enter, wherever one is: on the page of an answer it leads to the next person's
// answer, and never presses the key that is under the finger for the one before.
const door = document.querySelector("[data-scan]")?.dataset.scan;
let typed = "", last = 0;
if (door) document.addEventListener("keydown", (event) => {
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const now = Date.now();
  if (now - last > 300) typed = "";
  last = now;
  if (event.key === "Enter") {
    if (typed.length < 8) return;
    event.preventDefault();
    location.assign(`${door}?q=${encodeURIComponent(typed)}`);
  } else if (/^[0-9A-Za-z]$/.test(event.key)) typed += event.key;
}, { capture: true });
