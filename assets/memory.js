// What the browser keeps: the address (film, section, second), the conversations, and what is being written.
Object.assign(window.cinema, (() => {
  const KEPT = 'cinema/';
  const AGAIN = `${KEPT}again`;
  const MOST = 60; // conversations
  const LONGEST = 2000000; // characters of all that are sent back
  const { one, section, seek, video, where } = window.cinema;
  const box = () => one('#question textarea');

  // Storage may be full, or forbidden.
  function stored(storage, key, value) {
    try {
      if (value === undefined) return storage.getItem(key) ?? '';
      if (value) storage.setItem(key, value);
      else storage.removeItem(key);
    } catch { return ''; }
    return value;
  }

  function asked(search) {
    const given = new URLSearchParams(search);
    const number = (name) => (/^\d{1,6}$/.test(given.get(name) ?? '') ? Number(given.get(name)) : null);
    return { film: given.get('movie') ?? '', section: number('section'), second: number('t'), question: given.get('q') ?? '' };
  }

  // What the address asks for; its second holds until the player has gone there.
  let wanted = asked(location.search);

  // Conversations that are kept, the latest first; none where storage is forbidden.
  function talks() {
    try {
      const kept = Object.entries(localStorage).filter(([key]) => key.startsWith(`${KEPT}talk/`));
      return kept.map(([key, talk]) => ({ key, ...JSON.parse(talk) })).sort((a, b) => b.at - a.at);
    } catch { return []; }
  }

  // Kept while the page is away only: a second tab must not take the films of the first.
  let ticket = '';

  // When this tab read what is kept: what others write later stays, and is joined with its own at the next arrival.
  let since = 0;

  // Called when the page is opened: all that the server needs to show what was there before.
  function arrival() {
    since = Date.now();
    const before = stored(sessionStorage, `${KEPT}ticket`);
    stored(sessionStorage, `${KEPT}ticket`, '');
    const kept = talks().slice(0, MOST);
    while (JSON.stringify(kept).length > LONGEST) kept.pop();
    const { film, section, second } = wanted;
    return [JSON.stringify({ film, section, second, model: stored(localStorage, `${KEPT}model`), ticket: before, talks: kept })];
  }

  function keep(talk) {
    const about = `${KEPT}talk/${JSON.stringify([talk.model, talk.film, talk.section])}`;
    const key = about + since;
    const drop = (old) => stored(localStorage, old.key, '');
    const others = () => talks().filter((old) => old.key !== key);
    const value = talk.turns.length ? JSON.stringify({ ...talk, at: Date.now() }) : '';
    while (!stored(localStorage, key, value) && value) {
      const oldest = others().pop();
      if (!oldest) return;
      drop(oldest);
    }
    others().filter((old) => old.key.startsWith(about) && old.at <= since).forEach(drop);
    talks().slice(MOST).forEach(drop);
  }

  function fill(text) {
    const area = box();
    if (!area) return;
    area.value = text;
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }

  // The server knows nothing of this page, which opens anew where it is, and then asks this.
  function anew(question) {
    const [, to, drawn] = where();
    if (to !== drawn) history.replaceState(null, '', address(...to.split('/')));
    stored(sessionStorage, AGAIN, question);
    location.reload();
  }

  // A message of the server: see ui/browser.py.
  function hear(element) {
    const told = element.querySelector('[data-told]');
    if (!told) return;
    const message = JSON.parse(told.dataset.told);
    message.talks.forEach(keep);
    if (message.lost !== null) return anew(message.lost);
    if (message.model) stored(localStorage, `${KEPT}model`, message.model);
    if (message.asked !== null) {
      stored(sessionStorage, `${KEPT}asked`, message.asked);
      if (message.asked && box()?.value.trim() === message.asked) fill('');
    }
    const back = message.arrived
      ? wanted.question || stored(sessionStorage, `${KEPT}draft`) || stored(sessionStorage, `${KEPT}asked`)
      : message.back;
    let again = '';
    if (message.arrived) {
      ({ ticket } = message);
      window.arrived = true;
      again = stored(sessionStorage, AGAIN);
      stored(sessionStorage, AGAIN, '');
      stored(sessionStorage, `${KEPT}asked`, '');
      for (const tick of document.querySelectorAll('[data-kept]')) tick.checked = Boolean(stored(localStorage, KEPT + tick.dataset.kept));
    }
    // Gradio loads its API page at a press only: an address that names it presses off, then on.
    const api = message.arrived && location.search.includes('view=api') && document.querySelector('footer button');
    if (api) {
      api.click();
      api.click();
    }
    if (back && !box()?.value.trim()) fill(back);
    if (message.file) window.cinema.save(...message.file);
    return again;
  }

  // The settings of an answer, and the second that the player is at: see ui/steering.py.
  let steered = stored(localStorage, `${KEPT}steered`);
  function steer(...values) {
    steered = JSON.stringify(values);
    stored(localStorage, `${KEPT}steered`, steered);
  }
  function steering(...given) {
    return [...given.slice(0, -1), JSON.stringify([steered, video()?.currentTime, ...where()])];
  }

  function address(film, number, second) {
    const query = new URLSearchParams({ movie: film, section: number });
    if (second >= 1) query.set('t', Math.floor(second));
    const view = new URLSearchParams(location.search).get('view'); // Gradio's own: its API page
    if (view) query.set('view', view);
    return `?${query}`;
  }

  // A section is shown: the address names it, so that it can be reloaded, sent and gone back to.
  function moved(chosen) {
    const { film, section: number } = chosen.dataset;
    const now = asked(location.search);
    const same = !now.film || (now.film === film && (now.section ?? Number(number)) === Number(number));
    const to = address(film, number, same ? now.second : 0);
    if (!same) history.pushState(null, '', to);
    else if (location.search !== to) history.replaceState(null, '', to);
    const title = one('#wall [aria-pressed=true] .title')?.textContent;
    document.title = (title ? `${title} · ` : '') + window.cinema.text('title');
  }

  // Where a section that is opened begins to play.
  function beginOf(chosen) {
    const named = wanted.film === chosen.dataset.film && wanted.second !== null;
    const inside = wanted.second >= Number(chosen.dataset.start) && wanted.second < Number(chosen.dataset.end);
    return named && inside ? wanted.second : Number(chosen.dataset.start);
  }

  function note() {
    const chosen = section();
    const player = video();
    const now = asked(location.search);
    // The address of another section belongs to that one: it is on its way to the page, or has just been left.
    if (!player?.readyState || now.film !== chosen?.dataset.film || now.section !== Number(chosen.dataset.section)) return;
    history.replaceState(null, '', address(chosen.dataset.film, chosen.dataset.section, player.currentTime));
  }

  // Open a film's section, at this second or where it begins.
  function go(film, number, second = null) {
    wanted = { film, section: number, second, question: '' };
    const [, to, drawn] = where();
    if (to === drawn && drawn === `${film}/${number}`) return seek(beginOf(section()));
    document.dispatchEvent(new CustomEvent('go', { detail: { film, section: number } }));
  }

  window.addEventListener('popstate', () => {
    const to = asked(location.search);
    const first = one('#wall [data-film]')?.dataset.film;
    go(to.film || first, to.section ?? 0, to.second);
  });
  document.addEventListener('change', ({ target }) => {
    if (target.dataset.kept) stored(localStorage, KEPT + target.dataset.kept, target.checked ? 'yes' : '');
  });
  document.addEventListener('pause', note, true);
  document.addEventListener('seeked', () => { wanted.second = null; note(); }, true);
  window.addEventListener('pagehide', () => {
    note();
    stored(sessionStorage, `${KEPT}ticket`, ticket);
    stored(sessionStorage, `${KEPT}draft`, box()?.value ?? '');
  });
  document.addEventListener('input', (event) => {
    if (event.target === box()) stored(sessionStorage, `${KEPT}draft`, event.target.value);
  });

  return { address, arrival, hear, moved, stored, beginOf, go, steer, steering };
})());
