// The search page: Pagefind's index lies beside the pages; nothing is asked of another host.
(() => {
  const MOST = 30; // results that are shown
  const READ = 80; // pages whose text is read before they are ranked
  const form = document.getElementById("semcache-search");
  if (!form) return;
  const field = document.getElementById("semcache-query");
  const status = document.getElementById("semcache-status");
  const list = document.getElementById("semcache-results");
  const folder = new URL("../pagefind/", document.currentScript.src);
  const chinese = document.documentElement.lang.startsWith("zh");
  const says = chinese
    ? {
        file: "浏览器不允许网页在文件中搜索。请用服务器打开这个文件夹（python3 -m http.server）。",
        searching: "正在搜索……",
        nothing: (query) => `没有找到“${query}”。`,
        found: (n, query) => `“${query}”：找到 ${n} 页`,
        most: `，显示前 ${MOST} 页。`,
        end: "。",
        failed: "搜索无法启动：",
      }
    : {
        file: "A browser lets no page search in files. Serve this folder (python3 -m http.server) and open it from there.",
        searching: "Searching…",
        nothing: (query) => `Nothing found for “${query}”.`,
        found: (n, query) => `${n} ${n === 1 ? "page" : "pages"} for “${query}”`,
        most: `, the first ${MOST} shown.`,
        end: ".",
        failed: "The search could not start: ",
      };

  if (location.protocol === "file:") {
    status.textContent = says.file;
    return;
  }

  const ready = import(folder.href + "pagefind.js").then(async (pagefind) => {
    await pagefind.options({ excerptLength: 24, noWorker: true }); // a worker may start too late
    return pagefind;
  });

  // Who looks for a word wants the lesson or the term before the table that counts it.
  const LESSON = /\/lessons\/|\/zh\/\d/;
  const TERMS = /\/terms\.html/;
  const ASIDE = /\/benchmarks\/|\/changelog|\/contributing/;

  const HAN = /\p{Script=Han}/u;
  const NO_MATTER = new Set(
    ("a about an and are as at be by can do does for from how i in into is it my of on or so that " +
      "the their then this to was what when where which who why with you your").split(" "),
  );
  const NO_MATTER_IN_CHINESE =
    /怎么样|怎样|如何|怎么|为什么|什么|哪些|哪个|多少|可以|我们|一个|[的了吗呢吧是在和与或把被我你要能]/g;

  // The words of an English query that matter, or all, if none does.
  const words = (query) => {
    const all = query.toLowerCase().match(/[\p{L}\p{N}_.-]*[\p{L}\p{N}]/gu) ?? [];
    const kept = all.filter((word) => !NO_MATTER.has(word));
    return kept.length ? kept : all;
  };

  // Chinese has no spaces, and browsers disagree where its words end: every two signs are a word.
  const pairs = (query) => {
    const split = (text) => text.match(/\p{Script=Han}+|[\p{L}\p{N}_.-]+/gu) ?? [];
    const kept = split(query.replace(NO_MATTER_IN_CHINESE, " "));
    return (kept.length ? kept : split(query)).flatMap((run) =>
      HAN.test(run) && run.length > 2
        ? [...run].slice(1).map((sign, n) => [...run][n] + sign)
        : [run.toLowerCase()],
    );
  };

  // Where an index lacks a word, Pagefind takes ever fewer of its letters. So many must be there:
  const least = (word) => {
    if (word.length < 4 || HAN.test(word)) return word;
    return word.slice(0, word.length < 6 ? -1 : Math.max(4, Math.floor(word.length * 0.6)));
  };
  const apart = (text) => ` ${text.replace(/[^\p{L}\p{N}]+/gu, " ")}`;
  const has = (text, word) => text.includes(word) || apart(text).includes(` ${least(word)}`);

  // English: Pagefind finds and ranks; a page leads to its section with the most of it.
  const sum = (part) => part.weighted_locations.reduce((all, { balanced_score: s }) => all + s, 0);
  const weight = (url) =>
    LESSON.test(url) ? 4 : TERMS.test(url) ? 3 : ASIDE.test(url) ? 0.4 : 1;

  const having = async (pagefind, wanted) => {
    const { results } = await pagefind.search(wanted.join(" "), { filters: { language: "en" } });
    const read = results.slice(0, READ).map(async ({ score, data }) => {
      const page = await data();
      const text = `${page.meta.title} ${page.content}`.toLowerCase();
      const parts = [...page.sub_results].sort((one, other) => sum(other) - sum(one));
      const { url, title, excerpt } = parts[0] ?? page;
      const found = { url, page: page.meta.title, section: title, excerpt, lang: "en" };
      return { ...found, text, score: score * weight(url) };
    });
    const pages = (await Promise.all(read)).filter((one) => wanted.every((w) => has(one.text, w)));
    return pages.sort((one, other) => other.score - one.score);
  };

  // Where no page has all words, those that have at least half of them, the most first.
  const inEnglish = async (pagefind, wanted) => {
    const all = await having(pagefind, wanted);
    if (all.length || wanted.length < 2) return all;
    const found = new Map();
    for (const word of wanted) {
      for (const one of await having(pagefind, [word])) {
        const path = one.url.split("#")[0];
        const before = found.get(path) ?? { ...one, score: 0, share: 0 };
        before.share += 1 / wanted.length;
        before.score += one.score;
        found.set(path, before);
      }
    }
    return [...found.values()]
      .filter(({ share }) => share >= 0.5)
      .sort((one, other) => other.share - one.share || other.score - one.score);
  };

  // Chinese: there are few pages, so all of them are read here.
  const chinesePages = async (pagefind) => {
    const { results } = await pagefind.search(null, { filters: { language: "zh" } });
    return Promise.all(results.map(async ({ data }) => {
      const page = await data();
      const parts = page.content.split(/\s+/);
      const heads = page.anchors
        .filter(({ element }) => /h\d/i.test(element))
        .sort((one, other) => one.location - other.location);
      const ends = [...heads.map(({ location: at }) => at), parts.length];
      const sections = heads.map(({ id, text }, n) => ({
        url: `${page.url}#${id}`,
        title: text,
        text: parts.slice(ends[n], ends[n + 1]).join(" "),
      }));
      sections.unshift({
        url: page.url,
        title: page.meta.title,
        text: parts.slice(0, ends[0]).join(" "),
      });
      return { url: page.url, title: page.meta.title, sections };
    }));
  };

  const inChinese = async (pagefind, wanted, least) => {
    const share = (text) => {
      const lower = text.toLowerCase();
      const there = wanted.filter((word) =>
        HAN.test(word) ? lower.includes(word) : apart(lower).includes(` ${word}`),
      );
      return there.length / wanted.length;
    };
    const found = (await chinesePages(pagefind)).map(({ url, title, sections }) => {
      const judged = sections.map((one) => {
        const late = Math.min(1, Math.max(0, one.text.toLowerCase().indexOf(wanted[0])) / 200);
        return { one, score: share(one.text) + share(one.title) - 0.2 * late };
      });
      const best = judged.reduce((most, next) => (next.score > most.score ? next : most));
      const all = share(sections.map(({ text }) => text).join(" ") + title);
      const kind = LESSON.test(url) ? 1 : TERMS.test(url) ? 0.5 : 0;
      const { url: there, title: section, text } = best.one;
      const shown = { url: there, page: title, section, lang: "zh-CN", ...around(text, wanted) };
      return { ...shown, all, score: 4 * all + 2 * share(title) + best.score + kind };
    });
    return found
      .filter(({ all }) => all >= least)
      .sort((one, other) => other.score - one.score);
  };

  // The part of a text with most of the words, and where in it they are.
  const around = (text, wanted) => {
    const lower = text.toLowerCase();
    const places = wanted.flatMap((word) => [...lower.matchAll(escaped(word))].map(({ index }) => index));
    const parts = (places.length ? places : [0]).map((at) => {
      const from = Math.max(0, at - 15);
      return { from, has: wanted.filter((word) => lower.slice(from, from + WIDE).includes(word)).length };
    });
    const { from } = parts.reduce((most, next) => (next.has > most.has ? next : most));
    const plain = text.slice(from, from + WIDE);
    const marked = Array(plain.length).fill(false);
    for (const word of wanted) {
      for (const { index } of plain.toLowerCase().matchAll(escaped(word))) {
        marked.fill(true, index, index + word.length);
      }
    }
    return { plain, marked };
  };
  const WIDE = 70;
  const escaped = (word) => new RegExp(`(?=${word.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&")})`, "g");

  // Chinese words are looked for in Chinese text; English ones in the language of this page first.
  const find = async (pagefind, query) => {
    if (HAN.test(query)) {
      const found = await inChinese(pagefind, pairs(query), 0.5);
      return found.length ? found : having(pagefind, [query.toLowerCase().trim()]);
    }
    const wanted = words(query);
    if (!wanted.length) return [];
    if (!chinese) {
      const found = await inEnglish(pagefind, wanted);
      return found.length ? found : inChinese(pagefind, wanted, 1);
    }
    const found = await inChinese(pagefind, wanted, 1);
    const paths = new Set(found.map(({ url }) => path(url))); // an English lesson is in both
    return [...found, ...(await inEnglish(pagefind, wanted)).filter(({ url }) => !paths.has(path(url)))];
  };
  const path = (url) => new URL(url, location).pathname;

  const entry = ({ url, page, section, lang, excerpt, plain, marked }) => {
    const item = document.createElement("li");
    item.lang = lang;
    const link = document.createElement("a");
    link.href = url;
    link.textContent = page + (section && section !== page ? `: ${section}` : "");
    const text = document.createElement("p");
    if (excerpt !== undefined) {
      text.innerHTML = excerpt; // Pagefind escapes the page's text and adds <mark>
    } else {
      for (let at = 0, end; at < plain.length; at = end) {
        for (end = at + 1; end < plain.length && marked[end] === marked[at]; ) end += 1;
        const part = plain.slice(at, end);
        if (!marked[at]) text.append(part);
        else text.append(Object.assign(document.createElement("mark"), { textContent: part }));
      }
    }
    item.append(link, text);
    return item;
  };

  const search = async (query) => {
    list.replaceChildren();
    if (!query.trim()) {
      status.textContent = "";
      return;
    }
    status.textContent = says.searching;
    try {
      const found = await find(await ready, query);
      list.replaceChildren(...found.slice(0, MOST).map(entry));
      status.textContent = found.length
        ? says.found(found.length, query) + (found.length > MOST ? says.most : says.end)
        : says.nothing(query);
    } catch (error) {
      status.textContent = says.failed + error.message;
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
