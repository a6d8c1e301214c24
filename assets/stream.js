// Gradio's server ends a page's stream of events when none is under way. If the next one is sent just then, Gradio's
// client takes the old stream for open and waits for ever; so it does after a stream that broke off. Here the next stream
// goes on in the old one, and one that ends always says so.
// It shows the steps of one event in their order, but not those of two: where several arrive at once, the last of an
// answer could be drawn over a film that was opened since. Here each is drawn before the next is handed on.
(() => {
  const plainFetch = window.fetch;
  const asking = new Set(); // what is sent and not answered
  const underWay = new Set(); // events
  const ended = new Set(); // before we knew that it had begun

  async function join(request) {
    const answer = await plainFetch(request);
    const { event_id: event } = await answer.clone().json().catch(() => ({}));
    if (event && !ended.delete(event)) underWay.add(event);
    return answer;
  }

  function ask(request) {
    const asked = join(request).finally(() => asking.delete(asked));
    asking.add(asked);
    return asked;
  }

  async function* messages(answer) {
    const decoder = new TextDecoder();
    const reader = answer.body.getReader();
    for (let text = '', read; !(read = await reader.read()).done;) {
      const whole = (text + decoder.decode(read.value, { stream: true })).split('\n\n');
      text = whole.pop();
      yield* whole;
    }
  }

  async function* follow(request, answer) {
    do {
      answer ??= await plainFetch(request.clone());
      if (!answer.ok) throw new Error(`no events: ${answer.status}`);
      for await (const message of messages(answer)) {
        const kind = /"msg":"(\w+)"/.exec(message)?.[1];
        const event = /"event_id":"(\w+)"/.exec(message)?.[1];
        if (kind === 'process_completed' && !underWay.delete(event)) ended.add(event);
        if (kind === 'unexpected_error') underWay.clear(); // the server has forgotten this page
        if (kind !== 'close_stream') yield message;
      }
      while (asking.size && !underWay.size) await Promise.race([...asking]).catch(() => {});
      answer = null;
    } while (underWay.size);
    yield 'data: {"msg":"close_stream"}';
  }

  async function stream(request) {
    const answer = await plainFetch(request.clone());
    if (!answer.ok) return answer;
    const told = follow(request, answer);
    const encoder = new TextEncoder();
    const { port1, port2 } = new MessageChannel(); // unlike a timer it does not wait while the page is hidden
    const pull = async (controller) => {
      const { done, value } = await told.next();
      await new Promise((drawn) => {
        port1.onmessage = drawn;
        port2.postMessage(0);
      });
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${value}\n\n`));
    };
    return new Response(new ReadableStream({ pull }), answer);
  }

  window.fetch = (address, options) => {
    const [, what] = /\/queue\/(join|data)(\?|$)/.exec(String(address?.url ?? address)) ?? [];
    if (!what) return plainFetch(address, options);
    const request = new Request(address, options);
    if (window.arrived) request.headers.set('x-arrived', 1); // see memory.js
    return (what === 'join' ? ask : stream)(request);
  };
})();
