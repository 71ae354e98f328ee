"""Adds up noisy vectors; run by somebody who neither identifies nor publishes."""
