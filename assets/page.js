// The page's own script: one player, and everything that can be pressed to move it.
// No button here is bound one by one: parts are redrawn, so the document listens.
window.cinema = (() => {
  const one = (selector) => document.querySelector(selector);
  const video = () => one('#player video');
  const transcript = () => one('#transcript');

  // The words of all scripts come with the page, in its visitor's language: see ui/script_words.py.
  function text(name, places) {
    return JSON.parse(one('.marquee').dataset.words)[name].replace(/{(\w+)}/g, (_, place) => places[place]);
  }

  const pace = () => (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth');

  function seek(seconds) {
    const player = video();
    if (!player) return;
    if (player.readyState >= 1) player.currentTime = seconds;
    else player.addEventListener('loadedmetadata', () => { player.currentTime = seconds; }, { once: true });
  }

  // Presses are numbered, as they may reach the server in another order: the strip says which of them it answers.
  let count = 0;
  let pressed = 0; // the last one that turns to a section, which is `wanted`
  let wanted = '';
  const nameOf = (section) => `${section.dataset.film}/${section.dataset.section}`;
  const onItsWay = () => pressed > (one('#strip ul')?.dataset.pressed ?? 0);

  function press(film, section) {
    wanted = `${film}/${section}`;
    pressed = count += 1;
    return { film, section, press: count };
  }

  // Sent with a press that is about a section: its number, the section that was asked for last, and the one that is
  // drawn. Until the page was told what to show, the server knows better.
  function where() {
    const drawn = nameOf(chosen());
    return window.arrived ? [count += 1, onItsWay() ? wanted : drawn, drawn] : [];
  }

  // A film opens at the start of its chosen section; so does a section of the film that is open already. One that is
  // pressed is shown at once: what is redrawn for it later must not move somebody who has gone on meanwhile.
  let shown = '';
  function toSection() {
    const section = chosen();
    if (section && !onItsWay()) show(section);
  }

  function show(section) {
    if (nameOf(section) !== shown) seek(window.cinema.beginOf(section));
    shown = nameOf(section);
    window.cinema.moved(section);
    dim();
    watching();
  }

  const chosen = () => one('#strip [data-section][aria-pressed="true"]');
  const within = ({ dataset: { start, end } }, from, to = from) => to >= Number(start) && from < Number(end);

  const sectionAt = (now) => [...document.querySelectorAll('#strip [data-section]')].find((part) => within(part, now));

  // Lines of the transcript that the model does not know: those of other sections.
  function dim() {
    const section = chosen();
    for (const line of transcript()?.querySelectorAll('li > [data-seek]') ?? []) {
      const { seek: from, end } = line.dataset;
      line.parentElement.classList.toggle('unread', Boolean(section) && !within(section, Number(from), Number(end)));
    }
  }

  // The film may run on into another section: say so, or, if that is wanted and nothing is under way, follow it.
  function watching() {
    const told = one('#watching p');
    const section = chosen();
    if (!told || !section) return;
    const now = video()?.readyState ? video().currentTime : Number(section.dataset.start);
    const card = within(section, now) ? null : sectionAt(now);
    told.hidden = !card || (onItsWay() && wanted === nameOf(card));
    if (told.hidden) return;
    const label = (part) => part.querySelector('.range').textContent;
    [told.querySelector('[data-seen]').textContent, told.querySelector('[data-known]').textContent] = [label(card), label(section)];
    const resting = !one('#current [aria-busy]') && !one('#question textarea')?.value;
    if (told.querySelector('input').checked && resting) follow(card);
  }

  // Talk about a section that the player has reached by itself: the film runs on.
  function follow(section) {
    shown = nameOf(section);
    one('#watching p').hidden = true;
    document.dispatchEvent(new CustomEvent('go', { detail: section.dataset }));
  }

  // Mark the cue that is being spoken. After a jump into silence, show where in the list the film now is.
  function markCue(seconds, jumped) {
    const list = transcript()?.querySelector('ol');
    if (!list) return;
    let current = null;
    let before = null;
    for (const line of list.querySelectorAll('[data-seek]')) {
      if (Number(line.dataset.seek) > seconds) break;
      before = line;
      if (Number(line.dataset.end) > seconds) current = line;
    }
    const marked = list.querySelector('[aria-current]');
    if (marked !== current) marked?.removeAttribute('aria-current');
    current?.setAttribute('aria-current', 'true');
    const shown = current === marked && !jumped ? null : (current ?? (jumped ? before : null));
    // Only the list scrolls, never the page, and not under somebody's hand.
    if (shown && !list.matches(':hover, :focus-within')) {
      list.scrollTo({ top: shown.offsetTop - list.clientHeight / 3, behavior: jumped ? 'auto' : pace() });
    }
  }

  document.addEventListener('click', (event) => {
    const section = event.target.closest('#strip .card')?.querySelector('[data-section]');
    if (section) show(section);
    if (event.target.closest('#watching button')) follow(sectionAt(video().currentTime));
    const target = event.target.closest('[data-seek]');
    if (!target) return;
    if (target.matches('a')) event.preventDefault();
    seek(Number(target.dataset.seek));
  });

  // Media events do not bubble; while capturing they can be heard here.
  document.addEventListener('timeupdate', (event) => {
    markCue(event.target.currentTime, false);
    watching();
  }, true);
  document.addEventListener('seeked', (event) => markCue(event.target.currentTime, true), true);
  document.addEventListener('loadstart', (event) => {
    if (!event.target.closest?.('#player')) return;
    event.target.controls = true; // the browser's own: keyboard, captions switch, full screen
    event.target.ariaLabel = text('film');
    shown = '';
    toSection();
  }, true);

  // Gradio says of a track neither what it is nor in which language.
  document.addEventListener('load', (event) => {
    if (!event.target.matches?.('#player track')) return;
    event.target.label = text('track');
    event.target.srclang = transcript()?.querySelector('ol')?.lang || 'und';
  }, true);

  // The conversation follows what is written to its end, but no further than to where the last question stands at the
  // top: a long answer is read from there. Who scrolled up to read stays there, by however little: a browser scrolls
  // smoothly, and to be pulled back from the first pixels would end that; a new question follows again. It may grow
  // before the page hears of its own scrolling, or shrink under it. Looked at once a frame: each look lays the page out,
  // and a page that is being opened changes thousands of times.
  let following = true;
  let reached = 0; // pixels scrolled
  let turns = 0;
  document.addEventListener('scroll', ({ target: log }) => {
    if (log.id !== 'log') return;
    const at = log.scrollTop;
    const below = log.scrollHeight - log.clientHeight - at;
    following = at < reached ? below < 2 : following || below < 60;
    reached = at;
  }, true);
  let due = 0;
  const top = (part) => part.getBoundingClientRect().top;
  function readOn() {
    due = 0;
    const log = one('#log');
    const asked = log?.querySelectorAll('.turn') ?? [];
    following ||= asked.length > turns;
    turns = asked.length;
    if (turns && following) log.scrollTop += Math.max(0, top(asked[turns - 1]) - top(log));
  }
  new MutationObserver(() => { due ||= requestAnimationFrame(readOn); }).observe(document, { childList: true, subtree: true, characterData: true });

  // The panel for a film of one's own has just been opened.
  function bring() {
    const panel = one('#bring');
    panel?.scrollIntoView({ block: 'nearest', behavior: pace() });
    // Gradio names both places for files alike, and not by what is read on them.
    for (const place of panel?.querySelectorAll('#bring-files button[aria-label]') ?? []) {
      place.ariaLabel = `${place.closest('.block').querySelector('label')?.textContent.trim()}: ${place.textContent.trim()}`;
    }
    panel?.querySelector('button')?.focus({ preventScroll: true });
  }

  // A film was removed, and the button that was pressed with it.
  function focusWall() {
    one('#wall [aria-pressed="true"]')?.focus({ preventScroll: true });
  }

  return { bring, dim, focusWall, one, press, section: chosen, seek, text, toSection, video, where };
})();
