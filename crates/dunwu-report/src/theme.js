(function () {
  "use strict";
  // Light and dark.
  const themes = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  function setTheme(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    button.textContent = "Theme: " + name;
    try { localStorage.setItem("dunwu-theme", name); } catch (e) { /* storage may be forbidden */ }
    document.dispatchEvent(new Event("themechange"));
  }
  button.hidden = false;
  button.onclick = () => setTheme(themes[(themes.indexOf(button.textContent.slice(7)) + 1) % 3]);
  let stored = null;
  try { stored = localStorage.getItem("dunwu-theme"); } catch (e) { /* storage may be forbidden */ }
  if (themes.includes(stored)) setTheme(stored);

  // The command.
  const copy = document.getElementById("copy");
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.onclick = () => navigator.clipboard.writeText(document.getElementById("command").textContent).then(() => {
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
  }
})();
