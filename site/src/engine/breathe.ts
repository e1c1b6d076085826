/** Lets waiting messages in; unlike setTimeout it costs no 4 ms. */
export const breathe = (() => {
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    });
})();
