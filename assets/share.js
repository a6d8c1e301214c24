// Answers that are copied, judged, sent to somebody or saved.
Object.assign(window.cinema, (() => {
  const { address, one, section, stored, text, video } = window.cinema;
  const judged = (thumb, value) => stored(localStorage, `cinema/thumb/${thumb.dataset.of}`, value);
  let said = null; // what a button says now, and which of them
  let turned; // the place where another branch was last asked for

  // The conversation was drawn anew: it knows no thumbs, and the button that was pressed may be gone.
  function redrawn() {
    for (const thumb of document.querySelectorAll('[data-thumb]')) thumb.ariaPressed = judged(thumb) === thumb.dataset.thumb;
    if (document.activeElement === document.body) one(`[data-place="${turned}"]`)?.focus();
    speak();
  }

  // A button says for two seconds what it has done, through every redrawing.
  function say(button, words) {
    hush();
    const at = [...document.querySelectorAll('[data-does]')].indexOf(button);
    said = { at, words, before: button.textContent, timer: setTimeout(hush, 2000) };
    speak();
  }

  const turnText = (from, to) => {
    const button = document.querySelectorAll('[data-does]')[said.at];
    if (button?.textContent === from) button.textContent = to;
  };

  function speak() {
    if (said) turnText(said.before, said.words);
  }

  function hush() {
    if (!said) return;
    clearTimeout(said.timer);
    turnText(said.words, said.before);
    said = null;
  }

  async function copy(button, words) {
    try {
      await navigator.clipboard.writeText(words);
      say(button, text('copied'));
    } catch { prompt(text('copy'), words); } // forbidden, or the page came over plain http
  }

  // A link to the second that the player is at, with the question where it was pressed at one.
  function share(button, turn) {
    const { film, section: number } = section().dataset;
    if (one(`[data-remove="${CSS.escape(film)}"]`)) return say(button, text('yours'));
    const link = new URL(address(film, number, video()?.currentTime), location);
    if (turn) link.searchParams.set('q', turn.querySelector('textarea').defaultValue);
    copy(button, link);
  }

  const does = {
    share,
    copy: (button, turn) => copy(button, turn.querySelector('.answer').innerText),
    judge(thumb) {
      judged(thumb, thumb.ariaPressed === 'true' ? '' : thumb.dataset.thumb);
      redrawn();
    },
  };
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    turned = button?.dataset.place;
    does[button?.dataset.does]?.(button, button.closest('article'));
  });

  return {
    redrawn,
    save(name, text) {
      const href = URL.createObjectURL(new Blob([text]));
      Object.assign(document.createElement('a'), { href, download: name }).click();
    },
  };
})());
