"""Who may do what: ``routes.py`` for people and systems, ``basis.py`` for what leaves the node."""
