"""Backups: what is kept elsewhere, and the proof that it comes back.

In: sources and destinations of the book, what is due. Out: backups that exist only once their
manifest is written; verdicts at three depths (every byte, readable to its end, restored and
asked); what was pruned and why; a ledger entry and evidence for each.
"""
