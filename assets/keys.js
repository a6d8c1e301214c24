// Keys and focus: lists that are one Tab stop each, shortcuts for the player, and a focus that is never lost.
(() => {
  const LISTS = '#wall .posters, #strip .sections, #transcript ol, #suggestions .suggestions, .evidence';
  const TYPING = 'input:not([type=checkbox]), textarea, select, [contenteditable]';
  const PRESSED_BY_SPACE = 'button, a, input, summary, video';
  let pointed = false; // a press with the mouse leaves the focus on a button; the next space is meant for the film
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  const { one, video } = window.cinema;
  const box = () => one('#question textarea');
  const help = () => one('#keys');
  const buttons = (list) => [...list.querySelectorAll('button')].filter((button) => button.offsetParent);

  // Lists are redrawn and searched; which button is a list's Tab stop is settled only when Tab is pressed.
  function settle() {
    for (const list of document.querySelectorAll(LISTS)) {
      const all = buttons(list);
      const chosen = all.find((button) => button === document.activeElement)
        ?? all.find((button) => button.matches('[aria-current=true], [aria-pressed=true]')) ?? all[0];
      for (const button of all) button.tabIndex = button === chosen ? 0 : -1;
    }
  }

  function step(list, from, by) {
    pointed = false;
    const all = buttons(list);
    const to = all[Math.min(Math.max(all.indexOf(from) + by, 0), all.length - 1)];
    to?.focus();
    to?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  function play() {
    const player = video();
    if (player?.paused) player.play().catch(() => {}); // the browser may refuse until somebody has pressed something
    else player?.pause();
  }

  function move(seconds) {
    const player = video();
    if (player?.duration) player.currentTime = Math.min(Math.max(player.currentTime + seconds, 0), player.duration);
  }

  function leave(from) {
    if (help()?.open) help().open = false;
    else if (from.matches('#question textarea, #transcript input')) from.blur();
    else return false;
    return true;
  }

  // Whether the key means something here; if so, it has been done.
  function pressed(key, on) {
    if (key === 'Escape') return leave(on);
    if (on.closest(TYPING)) return false;
    const list = on.closest(LISTS);
    if (key in STEPS && list) step(list, on.closest('button'), STEPS[key]);
    else if (key === 'k' || (key === ' ' && !on.closest(pointed ? 'input, video' : PRESSED_BY_SPACE))) play();
    else if (key === 'j') move(-10);
    else if (key === 'l') move(10);
    else if (key === 'ArrowLeft' && !on.closest('video')) move(-5);
    else if (key === 'ArrowRight' && !on.closest('video')) move(5);
    else if (key === '/') box()?.focus();
    else if (key === '?' && help()) help().open = !help().open;
    else return false;
    return true;
  }

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Tab') return;
    pointed = false;
    settle();
  }, true);
  document.addEventListener('pointerdown', () => { pointed = true; }, true);
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (pressed(event.key, event.target)) event.preventDefault();
  });

  document.addEventListener('click', (event) => {
    if (help()?.open && !event.target.closest('#keys')) help().open = false;
    const skip = event.target.closest('.skip');
    if (skip) event.preventDefault(); // the page's base address would make a journey of it
    // These buttons go when they are pressed. A finger would bring up the keyboard over the answer.
    const gone = event.pointerType !== 'touch' && event.target.closest('#ask, #stop, [data-retry], [data-undo], [data-send]');
    if (skip || gone) box()?.focus({ preventScroll: true });
  });

  // The box stands above the keyboard on the screen: some browsers shrink the page for it, others lay it over the page.
  one('meta[name=viewport]').content += ', interactive-widget=resizes-content';
  window.visualViewport?.addEventListener('resize', () => {
    const { height, offsetTop, scale } = window.visualViewport;
    const covered = scale === 1 ? Math.max(0, innerHeight - height - offsetTop) : 0;
    document.documentElement.style.setProperty('--keyboard', `${covered}px`);
  });
})();
