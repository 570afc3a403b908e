"""Remote write 1.0: snappy and protobuf ↔ samples, for those who push and for a store beyond.

In: bodies of `/api/v1/write`. Out: rows in the store; and the same the other way round.
"""
