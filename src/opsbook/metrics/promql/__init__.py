"""PromQL: an expression and samples come in, a scalar, vector or matrix goes out.

A range query is evaluated as a whole: every value is a matrix of steps × series, and an
instant query is the range with one step.
"""
