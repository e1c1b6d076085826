"""Train, take apart and ship convolutional networks, in Python, on NumPy alone."""
