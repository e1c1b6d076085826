"""The Python of the site's pages: each worker writes this package beside its programs, in a browser tab."""
