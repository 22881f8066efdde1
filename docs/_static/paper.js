// Paper is white: a page in dark colours is printed in light ones.
(() => {
  const root = document.documentElement;
  const paper = matchMedia("print");
  let before = null;
  paper.addEventListener("change", () => {
    if (paper.matches) {
      before = root.dataset.theme;
      root.dataset.theme = "light";
    } else if (before !== null) {
      root.dataset.theme = before;
    }
  });
})();
