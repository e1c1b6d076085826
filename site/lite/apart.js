// Runs first in each page of JupyterLite, which would take any service worker that it finds for its own, and end all of
// the host's before it starts one. It is shown its own alone; the site's goes on.
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
