// The timeline: one slider of the whole film. The server draws it; here it follows the film and moves it.
(() => {
  const STEPS = { ArrowUp: 5, ArrowDown: -5, PageUp: 30, PageDown: -30, Home: -1e9, End: 1e9 }; // the rest: keys.js
  const { one: get, seek, text, video } = window.cinema;
  const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19).replace(/^(00:0?|0)/, '');
  const time = () => video()?.currentTime ?? 0;
  let bar;
  let length;
  const on = (names, heard) => names.split(' ').forEach((name) => document.addEventListener(name, (event) => {
    bar = get('#timeline [role]');
    length = bar?.ariaValueMax;
    if (bar) heard(event);
  }, true));

  // Time, cue and still of a second, over its place on the bar: seen while somebody points at it or moves it by keys.
  function peek(at) {
    bar.style.setProperty('--at', at / length);
    const cue = [...document.querySelectorAll('#transcript [data-end]')]
      .findLast(({ dataset }) => dataset.seek <= at && dataset.end > at);
    get('.peek span').textContent = `${clock(at)} ${cue?.lastChild.textContent ?? ''}`;
  }

  function draw() {
    const now = Math.min(time(), length);
    bar.style.setProperty('--now', now / length);
    bar.ariaValueNow = now;
    bar.ariaValueText = text('of', { at: clock(now), all: clock(length) });
    if (bar.matches(':focus-visible')) peek(now);
  }

  on('drawn timeupdate seeking focusin', draw);
  on('keydown', (event) => {
    const step = STEPS[event.key];
    if (event.target !== bar || !step) return;
    event.preventDefault();
    seek(time() + step);
  });
  // A mark goes exactly where it stands: page.js hears it pressed.
  on('pointerdown pointermove', ({ type, target, clientX, pointerId }) => {
    if (!bar.contains(target)) return;
    const share = (clientX - bar.getBoundingClientRect().x) / bar.clientWidth;
    const at = Math.min(Math.max(share, 0), 1) * length;
    if (type === 'pointerdown' && !target.dataset.seek) bar.setPointerCapture(pointerId);
    if (bar.hasPointerCapture(pointerId)) seek(at);
    peek(at);
  });
})();
