"""Compiled scalar rules of physics and choice, one subject to a file.

Rules are functions of numbers: no globals, no state arrays, no dependence on Mesa. They can be read, tested
and cited separately. The kernels of :mod:`sim.agents` apply them to all cars, the Mesa agents to one.
"""
