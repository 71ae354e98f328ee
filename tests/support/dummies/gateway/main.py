"""A stand-in's program."""

from tests.support.dummies.standing import build_standing as build

__all__ = ["build"]
