"""Build-time helpers: verified downloads, Pyodide folders, the site's MNIST and weights, Python under Node."""
