"""Makes schemas, examples, AsyncAPI and the catalogue page from the models, and guards releases.

Run as ``python -m contracts.tools generate|check|release``. Never imported by a running service.
"""
