"""The only thing services share in words: events, code lists, topics.

Imports nothing of ours and no framework.
"""
