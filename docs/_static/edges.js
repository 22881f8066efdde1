// Code and tables that go on to the right are marked as long as there is more to see.
(() => {
  const wide = document.querySelectorAll("article pre, article .pst-scrollable-table-container");
  const look = (box) =>
    box.classList.toggle("goes-on", box.scrollWidth - box.clientWidth - box.scrollLeft > 2);
  const changed = new ResizeObserver((entries) => entries.forEach(({ target }) => look(target)));
  wide.forEach((box) => {
    box.addEventListener("scroll", () => look(box), { passive: true });
    changed.observe(box);
  });
})();
