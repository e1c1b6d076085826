"""Build-time helpers: verified downloads, Pyodide folders, the site's MNIST files, Python under Node."""
