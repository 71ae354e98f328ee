"""The work list: plain pages for people, in each node that wants them.

It keeps nothing about anybody: who is signed in stands in memory, everything else is asked of the
node's services with the rights of whoever looks, and told to its door. No room of a service may be
opened here, and no name may be in an address or a title.
"""
