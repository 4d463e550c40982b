// Runs before the page is drawn, so that it never flashes in the other colours.
(() => {
  const NEXT = { system: "light", light: "dark", dark: "system" };
  const read = () => {
    try {
      return localStorage.getItem("mdsa-theme");
    } catch {
      return null; // the browser keeps nothing for this page
    }
  };
  let theme = read() in NEXT ? read() : "system";
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    const name = document.getElementById("theme-name");
    if (name) name.textContent = theme;
  };
  apply();
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", () => {
      theme = NEXT[theme];
      try {
        localStorage.setItem("mdsa-theme", theme);
      } catch {
        // then it lasts as long as the page
      }
      apply();
    });
  });
})();
