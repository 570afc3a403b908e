"""Unit tests of rules, as promtool has them: series and what is expected of rules over them.

In: files of tests and the rule files that they name. Out: what came otherwise than expected.
"""
