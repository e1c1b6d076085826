"""Build-time helpers: verified downloads, the Pyodide distribution, the MNIST files of the site, the Node runner."""
