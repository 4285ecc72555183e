"""Compiled scalar rules of physics and choice, one subject to a file.

Rules take numbers and return numbers: no globals, no arrays of state, no knowledge of Mesa.
They can be read, tested and cited alone. The kernels of :mod:`sim.agents` call them for a
million cars, the Mesa agents for one.
"""
