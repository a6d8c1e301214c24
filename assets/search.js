// Search in the transcript of the open film: hits are marked while somebody types, Enter steps through them.
// What other films say comes from the server, under the list.
window.dialogue = (() => {
  const root = () => document.querySelector('#transcript');
  const box = () => root()?.querySelector('input[type=search]');
  let folded = new WeakMap(); // by line
  let hits = [];
  let at = -1;
  let carried = '';

  // As film/search.py compares: small letters without accents; for each letter, where in the text it comes from.
  function fold(text) {
    const origins = [];
    let plain = '';
    let place = 0;
    for (const letter of text) {
      for (const part of letter.normalize('NFKD').toLowerCase()) {
        const blank = /\s/.test(part);
        if (blank ? !plain || plain.endsWith(' ') : /[\p{M}\p{C}]/u.test(part)) continue;
        plain += blank ? ' ' : part;
        for (let unit = 0; unit < part.length; unit += 1) origins.push(place);
      }
      place += letter.length;
    }
    return { text, origins, plain: plain.trimEnd() };
  }

  function known(span) {
    if (!folded.has(span)) folded.set(span, fold(span.textContent));
    return folded.get(span);
  }

  function mark(span, wanted) {
    const { text, origins, plain } = known(span);
    const pieces = [];
    let done = 0;
    for (let found = plain.indexOf(wanted); found >= 0; found = plain.indexOf(wanted, found + wanted.length)) {
      const after = found + wanted.length;
      const end = origins.slice(after).find((origin) => origin > origins[after - 1]) ?? text.length;
      if (origins[found] < done) continue; // two letters that stand as one
      const hit = document.createElement('mark');
      hit.textContent = text.slice(origins[found], end);
      pieces.push(text.slice(done, origins[found]), hit);
      done = end;
    }
    span.replaceChildren(...pieces, text.slice(done));
  }

  function search() {
    const wanted = fold(box().value).plain;
    hits = [];
    at = -1;
    for (const line of root().querySelectorAll('ol > li')) {
      const span = line.querySelector('span');
      line.hidden = Boolean(wanted) && !known(span).plain.includes(wanted);
      line.removeAttribute('data-at');
      if (wanted && !line.hidden) {
        mark(span, wanted);
        hits.push(line);
      } else if (span.querySelector('mark')) span.textContent = known(span).text;
    }
    elsewhere();
  }

  // Show what the server found, if it is about these words and this film, and say how much was found.
  function elsewhere() {
    const input = box();
    const wanted = input ? fold(input.value).plain : '';
    const open = document.querySelector('#wall [data-film][aria-pressed="true"]')?.dataset.film;
    const others = document.querySelector('#elsewhere .elsewhere');
    if (others) others.hidden = !wanted || others.dataset.words !== wanted || others.dataset.film !== open;
    const count = root()?.querySelector('.found');
    if (!count) return;
    const { text } = window.cinema;
    const here = hits.length ? text('found', { count: hits.length }) : text('none');
    count.textContent = wanted ? here + (others && !others.hidden ? others.dataset.said : '') : count.dataset.all;
  }

  function step(by) {
    if (!hits.length) return;
    hits[at]?.removeAttribute('data-at');
    at = at < 0 && by < 0 ? hits.length - 1 : (at + by + hits.length) % hits.length;
    const line = hits[at];
    const list = line.parentElement;
    line.dataset.at = '';
    list.scrollTo({ top: line.offsetTop - list.clientHeight / 3 });
    root().querySelector('.found').textContent = window.cinema.text('of', { at: at + 1, all: hits.length });
    window.cinema.seek(Number(line.querySelector('[data-seek]').dataset.seek));
  }

  function type(words) {
    const input = box();
    if (!input) return;
    input.value = words;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // A new film brings a new list: what was searched for no longer applies, unless it led there. Gradio redraws lines
  // in place, so what is known of them goes too.
  function begin() {
    folded = new WeakMap();
    const words = carried;
    carried = '';
    type(words);
  }

  document.addEventListener('input', (event) => {
    if (event.target === box()) search();
  });

  document.addEventListener('keydown', (event) => {
    if (event.target !== box() || event.isComposing) return;
    if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape' && event.target.value) type('');
    else return;
    event.preventDefault();
  });

  document.addEventListener('click', (event) => {
    const hit = event.target.closest('#elsewhere [data-hit]');
    if (!hit) return;
    carried = box()?.value ?? '';
    window.cinema.go(hit.dataset.film, Number(hit.dataset.section), Number(hit.dataset.hit));
  }, true);

  return { begin, elsewhere };
})();
