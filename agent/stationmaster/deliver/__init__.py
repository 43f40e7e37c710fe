"""Delivery: leases from the spool, through one gate per destination, to a verdict each.

`limiter` and `backoff` are pure; `gate` shares a limiter among the instances of one destination;
`uploader` is the loop.
"""
