// Runs first in each page of JupyterLite.

// JupyterLite would take any service worker that it finds for its own, and end all of the host's before it starts one. It
// is shown its own alone; the site's goes on.
if (navigator.serviceWorker) {
  const { serviceWorker } = navigator;
  const root = new URL(location.pathname.slice(0, location.pathname.lastIndexOf('/lite/') + '/lite/'.length), location)
    .href;
  const getRegistrations = serviceWorker.getRegistrations.bind(serviceWorker);
  const { get } = Object.getOwnPropertyDescriptor(ServiceWorkerContainer.prototype, 'controller');
  serviceWorker.getRegistrations = async () => (await getRegistrations()).filter(({ scope }) => scope.startsWith(root));
  Object.defineProperty(serviceWorker, 'controller', {
    get() {
      const controller = get.call(serviceWorker);
      return controller?.scriptURL.startsWith(root) ? controller : null;
    },
  });
}

// What JupyterLite waits with (coincident) takes the value of waitAsync for a promise. It is none where the wait is over
// already, and the kernel would hang.
if (Atomics.waitAsync) {
  const waitAsync = Atomics.waitAsync.bind(Atomics);
  Atomics.waitAsync = (...args) => {
    const { async, value } = waitAsync(...args);
    return { async: true, value: async ? value : Promise.resolve(value) };
  };
}

// Stop: JupyterLite's kernels have none. Where the page is isolated, a kernel shares a buffer (kernel.mjs) whose first
// byte Python looks at while it runs: 2, the number of SIGINT, raises KeyboardInterrupt.
const buffers = new Set();
globalThis.Worker = class extends Worker {
  constructor(address, options) {
    const name = document.body.dataset.jpThemeLight === 'false' ? 'dark' : 'light'; // for the figures, see kernel.mjs
    super(address, { ...options, name });
    this.addEventListener('message', (event) => {
      if (!event.data?.interrupts) return;
      buffers.add(event.data.interrupts);
      event.stopImmediatePropagation();
    });
  }
};
const texts = {
  unstoppable: {
    en: 'This host does not isolate the page, so cells cannot be interrupted. Restart the kernel instead.',
    ja: 'このホストではページが分離されていないため、セルを中断できません。カーネルを再起動してください。',
  },
  unkept: {
    en: 'Your browser stores nothing for this page: what you change lasts only while it is open. Download what you want to keep.',
    ja: 'ブラウザがこのページのデータを保存しません。変更はページを開いている間だけ残ります。残したいものはダウンロードしてください。',
  },
};
let app;
Object.defineProperty(globalThis, 'jupyterapp', {
  configurable: true,
  get: () => app,
  set(started) {
    app = started;
    const warn = (text) => {
      const message = texts[text][/[?&]path=ja(%2F|\/)/i.test(location.search) ? 'ja' : 'en'];
      app.commands.execute('apputils:notify', { message, type: 'warning', options: { autoClose: 10_000 } });
    };
    // Where there is no database, it keeps files in memory (jupyter-lite.json).
    app.restored.then(() => indexedDB.databases()).catch(() => warn('unkept'));
    app.commands.commandExecuted.connect((_, { id }) => {
      if (id !== 'notebook:interrupt-kernel' && id !== 'kernelmenu:interrupt') return;
      if (globalThis.crossOriginIsolated) {
        const isBusy = app.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'busy';
        if (isBusy) for (const buffer of buffers) buffer[0] = 2; // of an idle kernel it would end the next cell
      } else {
        warn('unstoppable');
      }
    });
  },
});
