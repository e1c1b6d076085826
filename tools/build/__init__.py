"""What `./build.sh` does, once it has found Python and made the virtual environment.

Built on doit, which makes an output once for each state of its inputs (by their hashes) and runs tasks
side by side. nox was the other candidate: it is released more often and more widely used, but its sessions
know no inputs and outputs, so that the larger half would have stayed our own code, and it brings thirteen
packages, where doit brings none.
"""
