"""The one durable state: every query counted once, whatever happens.

Stage: records -> **fold -> ledger** -> outlets. `fold.py` is pure and decides; `store.py` is the only writer and
commits; `snapshot.py`, `view.py` and `history.py` read what is committed.
"""
