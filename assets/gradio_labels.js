// What Gradio says in English only, such as the labels of its player's buttons, in Chinese; only Chinese pages have this.
(() => {
  const NAMES = ['aria-label', 'title', 'alt'];
  const SAYING = '[aria-label], [title], [alt], title, footer button';
  let words = {};
  let known; // the page's words, as they were last read

  function inChinese(said) {
    const text = said.trim();
    if (words[text]) return words[text];
    const named = Object.keys(words).find((one) => one.endsWith('{label}') && text.startsWith(one.slice(0, -7)));
    return named && words[named].replace('{label}', text.slice(named.length - 7));
  }

  function translate(one) {
    for (const name of NAMES) {
      const chinese = one.hasAttribute(name) && inChinese(one.getAttribute(name));
      if (chinese) one.setAttribute(name, chinese);
    }
    for (const text of one.matches('title, footer button') ? one.childNodes : []) {
      const chinese = text.nodeType === Node.TEXT_NODE && inChinese(text.data);
      if (chinese) text.data = chinese;
    }
  }

  function translateIn(part) {
    if (part.nodeType !== Node.ELEMENT_NODE) return;
    if (part.matches(SAYING)) translate(part);
    part.querySelectorAll(SAYING).forEach(translate);
  }

  new MutationObserver((changes) => {
    const now = document.querySelector('.marquee')?.dataset.words;
    if (now && now !== known) {
      known = now;
      words = JSON.parse(now).gradio;
      translateIn(document.body);
      return;
    }
    for (const { type, target, addedNodes } of changes) {
      if (type === 'attributes') translate(target);
      else addedNodes.forEach(translateIn);
    }
  }).observe(document, { childList: true, subtree: true, attributeFilter: NAMES });
})();
