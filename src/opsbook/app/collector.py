"""The garbage collector, told what lives as long as the process."""

import gc


def spare_the_collector() -> None:
    """To be called when everything is built: look at new objects only, and less often.

    Measured: 9 % of the CPU of 10,000 checks a second, and pauses of milliseconds in the
    middle of a restart.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
