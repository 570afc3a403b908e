"""Processes of lives: what they import takes longer than all that they do, and is there already."""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.crash.preloaded"])
