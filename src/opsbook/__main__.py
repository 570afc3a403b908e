"""`python -m opsbook`: the same words as the `opsbook` command."""

from opsbook.cli.main import main

main()
