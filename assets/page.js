// The page's own script: one player, and everything that can be pressed to move it.
// No button here is bound one by one: parts are redrawn, so the document listens.
window.cinema = (() => {
  const first = (selector) => document.querySelector(selector);
  const video = () => first('#player video');
  const transcript = () => first('#transcript');

  // The words of all scripts come with the page, in its visitor's language: see ui/script_words.py.
  function text(name, places) {
    return JSON.parse(first('.marquee').dataset.words)[name].replace(/{(\w+)}/g, (_, place) => places[place]);
  }

  function seek(seconds) {
    const player = video();
    if (!player) return;
    if (player.readyState >= 1) player.currentTime = seconds;
    else player.addEventListener('loadedmetadata', () => { player.currentTime = seconds; }, { once: true });
  }

  // A film opens at the start of its chosen section; so does a section of the film that is open already. One that is
  // pressed is shown at once: what is redrawn for it later must not move somebody who has gone on meanwhile.
  let shown = '';
  let awaited = '';
  const nameOf = (section) => `${section.dataset.film}/${section.dataset.section}`;
  function toSection() {
    const section = chosen();
    if (!section) return;
    const stale = awaited && awaited !== nameOf(section);
    if (stale && awaited.startsWith(`${section.dataset.film}/`)) return;
    awaited = '';
    show(section);
  }

  function show(section) {
    if (nameOf(section) !== shown) seek(window.cinema.beginOf(section));
    shown = nameOf(section);
    window.cinema.moved(section);
    dim();
    watching();
  }

  const chosen = () => first('#strip [data-section][aria-pressed="true"]');
  const within = ({ dataset: { start, end } }, from, to = from) => to >= Number(start) && from < Number(end);

  const sectionAt = (now) => [...document.querySelectorAll('#strip [data-section]')].find((one) => within(one, now));

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
    const told = first('#watching p');
    const section = chosen();
    if (!told || !section) return;
    const now = video()?.readyState ? video().currentTime : Number(section.dataset.start);
    const card = within(section, now) ? null : sectionAt(now);
    told.hidden = !card || awaited === nameOf(card);
    if (told.hidden) return;
    const label = (one) => one.querySelector('.range').textContent;
    [told.querySelector('[data-seen]').textContent, told.querySelector('[data-known]').textContent] = [label(card), label(section)];
    const resting = !first('#current [aria-busy]') && !first('#question textarea')?.value;
    if (told.querySelector('input').checked && resting) follow(card);
  }

  // Talk about a section that the player has reached by itself: the film runs on.
  function follow(section) {
    shown = awaited = nameOf(section);
    first('#watching p').hidden = true;
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
      list.scrollTo({ top: shown.offsetTop - list.clientHeight / 3, behavior: jumped ? 'auto' : 'smooth' });
    }
  }

  document.addEventListener('click', (event) => {
    const section = event.target.closest('#strip .card')?.querySelector('[data-section]');
    if (section) {
      awaited = nameOf(section);
      show(section);
    }
    if (event.target.closest('#watching button')) {
      const now = video().currentTime;
      follow(sectionAt(now));
    }
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
    event.target.setAttribute('aria-label', text('film'));
    shown = '';
    toSection();
  }, true);

  // Gradio says of a track neither what it is nor in which language.
  document.addEventListener('load', (event) => {
    if (!event.target.matches?.('#player track')) return;
    event.target.label = text('track');
    event.target.srclang = transcript()?.querySelector('ol')?.lang || 'und';
  }, true);

  // The conversation stays at its end while an answer grows, unless somebody scrolled up to read.
  let following = true;
  document.addEventListener('scroll', (event) => {
    if (event.target.id !== 'log') return;
    following = event.target.scrollHeight - event.target.scrollTop - event.target.clientHeight < 60;
  }, true);
  new MutationObserver(() => {
    const log = first('#log');
    if (log && following) log.scrollTop = log.scrollHeight;
  }).observe(document, { childList: true, subtree: true, characterData: true });

  // The panel for a film of one's own has just been opened.
  function bring() {
    const panel = first('#bring');
    panel?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    // Gradio names both places for files alike, and not by what is read on them.
    for (const place of panel?.querySelectorAll('#bring-files button[aria-label]') ?? []) {
      place.ariaLabel = `${place.closest('.block').querySelector('label')?.textContent.trim()}: ${place.textContent.trim()}`;
    }
    panel?.querySelector('button')?.focus({ preventScroll: true });
  }

  // A film was removed, and the button that was pressed with it.
  function focusWall() {
    first('#wall [aria-pressed="true"]')?.focus({ preventScroll: true });
  }

  return { bring, dim, focusWall, seek, text, toSection };
})();
