"""Build-time helpers: verified downloads, Pyodide folders, MNIST and weights of the site, Python in Node."""
