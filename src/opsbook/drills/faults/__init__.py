"""The kinds of faults, one file each: the module's name is the kind's name."""
