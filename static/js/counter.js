// What every page of the counter does: says whether the network is there, and gives the PIN its keys.
const state = document.querySelector("[data-online]");
const tell = () => {
  if (!state) return;
  state.dataset.state = navigator.onLine ? "good" : "bad";
  state.textContent = navigator.onLine ? state.dataset.online : state.dataset.offline;
};
addEventListener("online", tell);
addEventListener("offline", tell);
tell();

for (const pad of document.querySelectorAll("[data-pin-pad]")) {
  const field = document.getElementById(pad.dataset.pinPad);
  pad.hidden = false;
  pad.addEventListener("click", (event) => {
    const digit = event.target.closest("[data-digit]")?.dataset.digit;
    if (!digit) return;
    field.value = digit === "back" ? field.value.slice(0, -1) : (field.value + digit).slice(0, 8);
  });
}

for (const act of document.querySelectorAll("[data-print]")) act.addEventListener("click", () => print());
if (document.querySelector("[data-prints-now]")) print();
