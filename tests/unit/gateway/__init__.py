"""The gateway: what it decides, without a server."""
