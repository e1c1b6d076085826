/** Returns to the event loop, so that waiting messages are handled; setTimeout would take 4 ms. */
export const breathe = (() => {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = []; // several loops may breathe at a time
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
})();
