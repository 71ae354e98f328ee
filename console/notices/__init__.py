"""Notices to whoever is on duty: "open your work list", by mail or SMS, and not one word more.

Nothing of a case may be in one: no name, no reference, no kind of event, no agency but the reader's
own. Off unless a file says who is on duty.
"""
