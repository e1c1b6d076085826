/** Lets waiting messages in; unlike setTimeout it costs no 4 ms. */
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
