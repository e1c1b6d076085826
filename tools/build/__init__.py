"""What `./build.sh` does, once it has found Python and made the virtual environment.

It uses doit, which rebuilds an output only if the hashes of its inputs have changed, and runs tasks in
parallel. nox is more widely used, but its sessions have no inputs and outputs, and it needs
thirteen packages.
"""
