/**
 * A plugin for `import ... from 'virtual:NAME'`, a module that is made when the site is built.
 *
 * @param {string} name
 * @param {(this: import('vite').Rolldown.PluginContext) => string} source  gives the module's text
 * @returns {import('vite').Plugin}
 */
export function virtual(name, source) {
  const wanted = `virtual:${name}`;
  return {
    name,
    resolveId: (id) => (id === wanted ? `\0${wanted}` : undefined),
    load(id) {
      return id === `\0${wanted}` ? source.call(this) : undefined;
    },
  };
}
