// Gradio's server ends a page's stream of events when none is under way. If the next one is sent just then, Gradio's
// client takes the old stream for open and waits for ever. Here the next stream goes on in the old one.
(() => {
  const plainFetch = window.fetch;
  const underWay = new Set();
  const ended = new Set(); // before we knew that it had begun

  async function join(request) {
    const answer = await plainFetch(request);
    const { event_id: event } = await answer.clone().json().catch(() => ({}));
    if (event && !ended.delete(event)) underWay.add(event);
    return answer;
  }

  async function follow(request, controller, reader) {
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    for (let text = '', read; !(read = await reader.read()).done;) {
      const messages = (text + decoder.decode(read.value, { stream: true })).split('\n\n');
      text = messages.pop();
      for (const message of messages) {
        const kind = /"msg":"(\w+)"/.exec(message)?.[1];
        const event = /"event_id":"(\w+)"/.exec(message)?.[1];
        if (kind === 'process_completed' && !underWay.delete(event)) ended.add(event);
        if (kind === 'close_stream' && underWay.size) reader = (await plainFetch(request.clone())).body.getReader();
        else controller.enqueue(encoder.encode(`${message}\n\n`));
      }
    }
  }

  async function stream(request) {
    const answer = await plainFetch(request.clone());
    if (!answer.ok) return answer;
    const start = (controller) => {
      follow(request, controller, answer.body.getReader()).then(() => controller.close(), (error) => controller.error(error));
    };
    return new Response(new ReadableStream({ start }), answer);
  }

  window.fetch = (address, options) => {
    const [, what] = /\/queue\/(join|data)(\?|$)/.exec(String(address?.url ?? address)) ?? [];
    if (!what) return plainFetch(address, options);
    return (what === 'join' ? join : stream)(new Request(address, options));
  };
})();
