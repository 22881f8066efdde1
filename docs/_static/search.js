// The search page: Pagefind's index lies beside the pages; nothing is asked of another host.
(() => {
  const MOST = 30;
  const form = document.getElementById("semcache-search");
  if (!form) return;
  const field = document.getElementById("semcache-query");
  const status = document.getElementById("semcache-status");
  const list = document.getElementById("semcache-results");
  const folder = new URL("pagefind/", document.baseURI);

  if (location.protocol === "file:") {
    status.textContent =
      "A browser lets no page search in files. Serve this folder (python3 -m http.server) and open it from there.";
    return;
  }

  // The pages are in two indexes, one a language: both are asked, whatever the page's own is.
  const ready = import(folder.href + "pagefind.js").then(async (pagefind) => {
    const here = document.documentElement.lang.toLowerCase();
    const other = here.startsWith("zh") ? "en" : "zh-cn";
    await pagefind.options({ excerptLength: 24 });
    await pagefind.mergeIndex(folder.href, { language: other });
    return pagefind;
  });

  // Who looks for a word wants the lesson that explains it before the table that counts it.
  const weight = ({ url }) => (/\/(lessons|zh)\//.test(url) ? 4 : /\/terms\.html/.test(url) ? 2 : 1);

  const entry = (found) => {
    const best = found.sub_results.length ? found.sub_results[0] : found;
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = best.url;
    link.textContent =
      found.meta.title + (best.title && best.title !== found.meta.title ? `: ${best.title}` : "");
    const text = document.createElement("p");
    text.innerHTML = best.excerpt; // Pagefind escapes the page's text and adds <mark>
    item.append(link, text);
    return item;
  };

  const search = async (query) => {
    list.replaceChildren();
    if (!query.trim()) {
      status.textContent = "";
      return;
    }
    status.textContent = "Searching…";
    try {
      const pagefind = await ready;
      const { results } = await pagefind.search(query);
      const shown = await Promise.all(
        results.slice(0, MOST).map(async ({ score, data }) => {
          const found = await data();
          return { found, score: score * weight(found) };
        }),
      );
      shown.sort((one, other) => other.score - one.score);
      list.replaceChildren(...shown.map(({ found }) => entry(found)));
      status.textContent =
        results.length === 0
          ? `Nothing found for “${query}”.`
          : `${results.length} ${results.length === 1 ? "page" : "pages"} for “${query}”` +
            (results.length > MOST ? `, the first ${MOST} shown.` : ".");
    } catch (error) {
      status.textContent = `The search could not start: ${error.message}`;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = new URL(location);
    address.searchParams.set("q", field.value);
    history.replaceState(null, "", address);
    search(field.value);
  });
  field.value = new URLSearchParams(location.search).get("q") || "";
  status.textContent = "";
  search(field.value);
})();
