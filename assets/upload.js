// Files on their way to the server: how far they are, how large, and a way to stop them; and which are not sent at all.
// Gradio's client calls fetch, which does not tell what has left already. XMLHttpRequest does. Gradio names a file in its
// box before it is here: who then presses "Open this film" is told, and the film is opened when all files are here.
(() => {
  const plainFetch = window.fetch;
  const trips = new Set();
  let pressed = false; // too early
  const { one, text } = window.cinema;

  const place = () => one('#bring-travel');
  const isUpload = (address, options) =>
    /\/gradio_api\/upload(\?|$)/.test(String(address?.url ?? address)) && options?.body instanceof FormData && place();

  const onTheWay = () => trips.size > 0 || Boolean(one('#bring-files .uploading'));

  new MutationObserver(() => {
    // What stands in Gradio's boxes names them better than Gradio's label, which says it in other words.
    one('#bring-files [aria-dropeffect][aria-label]')?.removeAttribute('aria-label');
    if (!pressed || onTheWay()) return;
    pressed = false;
    one('#bring-open')?.click();
  }).observe(document, { childList: true, subtree: true });

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // Rounded up: what is too large by a byte must not read as the limit itself.
  const megabytes = (bytes) => `${Math.ceil(bytes / 1e5) / 10} MB`;

  // Words about the files; calm ones answer what a person did. Our words take the place of what the server said before.
  function say(words, calm) {
    place()?.querySelectorAll('.alert').forEach((said) => said.remove());
    if (!words) return;
    const role = calm ? 'status' : 'alert';
    place()?.append(make('p', { className: calm ? 'alert calm' : 'alert', textContent: words, role }));
  }

  // How it went with a file: without one that did not come the film is another one, and nobody pressed for that.
  function tell(words, calm) {
    if (words) pressed = false;
    if (!pressed) say(words, calm);
  }

  function row(name, size, stop) {
    const figures = make('span', {});
    const filled = make('i', {});
    const track = make('div', { className: 'track', role: 'progressbar', ariaLabel: text('sending', { name }) }, filled);
    const ariaLabel = text('unsend', { name });
    const cancel = make('button', { type: 'button', textContent: text('cancel'), onclick: stop, ariaLabel });
    const words = make('p', {}, make('b', { textContent: name }), figures);
    const element = make('div', { className: 'bar trip' }, make('div', {}, words, track), cancel);
    const draw = (share) => {
      figures.textContent = text('sent', { share, size: megabytes(size) });
      filled.style.width = `${share}%`;
      track.ariaValueNow = share;
      if (!element.isConnected) place()?.prepend(element); // the panel was closed and opened again
    };
    return { element, draw };
  }

  // Whatever goes wrong, Gradio is told that no file came: its box is empty again, and only we say why.
  function send(address, options) {
    const files = options.body.getAll('files');
    const name = files.map((file) => file.name).join(', ');
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const request = new XMLHttpRequest();
    const trip = { share: 0 };
    const shown = row(name, size, () => request.abort());
    return new Promise((resolve) => {
      const end = (answer, words, calm) => {
        trips.delete(trip);
        shown.element.remove();
        if (words) tell(words, calm); // a file that came takes no words about another away
        resolve(new Response(answer, { headers: { 'Content-Type': 'application/json' } }));
      };
      request.upload.onprogress = (event) => {
        trip.share = Math.floor((100 * event.loaded) / Math.max(1, event.total));
        shown.draw(trip.share);
      };
      request.onload = () => request.status === 200
        ? end(request.responseText)
        : end('[]', text(request.status === 507 ? 'room' : 'refused', { name, status: request.status }));
      request.onerror = () => end('[]', text('broke', { name }));
      request.onabort = () => end('[]', text('gone', { name }), true);
      request.open('POST', String(address?.url ?? address));
      new Headers(options.headers).forEach((value, header) => request.setRequestHeader(header, value));
      trips.add(trip);
      shown.draw(0);
      request.send(options.body);
    });
  }

  window.fetch = (address, options) => isUpload(address, options) ? send(address, options) : plainFetch(address, options);

  // Why a file is not sent, or nothing. Its content is looked at on the server.
  function refusal({ name, size }, accepted) {
    const { mostBytes, most } = one('#bring .limits').dataset;
    if (size > Number(mostBytes)) return text('large', { name, size: megabytes(size), most });
    const endings = accepted.split(',').map((ending) => ending.trim()).filter((ending) => ending.startsWith('.'));
    const fits = !endings.length || endings.some((ending) => name.toLowerCase().endsWith(ending));
    return fits ? '' : text('unfit', { name, endings: endings.join(' ') });
  }

  function check(event, input, files) {
    const words = [...files].map((file) => refusal(file, input.accept)).find(Boolean) ?? '';
    tell(words);
    if (!words) return;
    event.preventDefault();
    event.stopPropagation();
    input.value = '';
    if (event.type === 'drop') event.target.dispatchEvent(new DragEvent('dragleave', { bubbles: true }));
  }

  // While capturing we hear of a file before Gradio does.
  document.addEventListener('change', (event) => {
    if (event.target.matches('#bring-files input[type=file]')) check(event, event.target, event.target.files);
  }, true);
  document.addEventListener('drop', (event) => {
    const input = event.target.closest?.('#bring-files .block')?.querySelector('input[type=file]');
    if (input && event.dataTransfer) check(event, input, event.dataTransfer.files);
  }, true);
  // Files may be dropped anywhere on the page, each into the first box that takes it. A picture of the page itself also
  // counts as a file, but has an address.
  function put(files) {
    if (!place()) return requestAnimationFrame(() => put(files)); // the panel is on its way
    for (const file of files) {
      const boxes = [...document.querySelectorAll('#bring-files input')];
      const box = boxes.find((box) => !refusal(file, box.accept)) ?? boxes[0];
      if (!box) return tell(text('full'));
      const data = new DataTransfer();
      data.items.add(file);
      box.files = data.files;
      box.dispatchEvent(new Event('change', { bubbles: true }));
    }
  }
  window.ondragover = window.ondrop = (event) => {
    const { types, files } = event.dataTransfer;
    if (!types.includes('Files') || types.includes('text/uri-list') || event.target.closest('#bring-files')) return;
    event.preventDefault();
    if (event.type !== 'drop') return;
    if (!place()) one('[data-bring]').click();
    put([...files]);
  };
  document.addEventListener('click', (event) => {
    if (event.target.closest('#bring-close')) pressed = false;
    if (!event.target.closest('#bring-open')) return;
    pressed = onTheWay();
    const [trip] = trips;
    say(pressed ? text('coming', { share: trip?.share ?? 100 }) : '', true);
    if (!pressed) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
})();
