// Answers that are copied, judged, sent to somebody or saved.
Object.assign(window.cinema, (() => {
  const { address, stored } = window.cinema;
  const JUDGED = 'cinema/thumbs';
  let turned; // the place where another branch was last asked for

  function thumbs() {
    try { return JSON.parse(stored(localStorage, JUDGED)); } catch { return {}; }
  }

  // The conversation was drawn anew: it knows no thumbs, and the button that was pressed may be gone.
  function redrawn() {
    const known = thumbs();
    for (const thumb of document.querySelectorAll('[data-thumb]')) {
      thumb.ariaPressed = known[thumb.closest('article').dataset.turn] === Number(thumb.dataset.thumb);
    }
    if (document.activeElement === document.body) document.querySelector(`[data-place="${turned}"]`)?.focus();
  }

  function judge(button, turn) {
    const { [turn.dataset.turn]: before, ...known } = thumbs();
    if (button.ariaPressed !== 'true') known[turn.dataset.turn] = Number(button.dataset.thumb);
    stored(localStorage, JUDGED, JSON.stringify(Object.fromEntries(Object.entries(known).slice(-500))));
    redrawn();
  }

  // A button says for two seconds what it has done.
  function say(button, words) {
    button.dataset.words ??= button.textContent;
    button.textContent = words;
    setTimeout(() => { button.textContent = button.dataset.words; }, 2000);
  }

  // The newer clipboard is not there for a page that came over plain http.
  function write(button, text) {
    const area = document.body.appendChild(document.createElement('textarea'));
    area.value = text;
    area.focus({ preventScroll: true });
    area.select();
    document.execCommand('copy');
    area.remove();
    button.focus({ preventScroll: true });
    say(button, 'Copied');
  }

  // A link to the second that the player is at, with the question where it was pressed at one.
  function share(button, turn) {
    const { film, section } = document.querySelector('#strip [aria-pressed="true"]').dataset;
    if (document.querySelector(`[data-remove="${CSS.escape(film)}"]`)) return say(button, 'Only you have this clip');
    const link = new URL(address(film, section, document.querySelector('#player video')?.currentTime), location);
    if (turn) link.searchParams.set('q', turn.querySelector('textarea').defaultValue);
    write(button, link);
  }

  function save(name, text) {
    const href = URL.createObjectURL(new Blob([text]));
    Object.assign(document.createElement('a'), { href, download: name }).click();
  }

  const does = { judge, share, copy: (button, turn) => write(button, turn.querySelector('.answer').innerText), print: () => print() };
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    turned = button?.dataset.place;
    does[button?.dataset.does]?.(button, button.closest('article'));
  });

  return { redrawn, save, thumbs };
})());
