"""Referral: needs become offers, offers become help, and the sender learns the outcome."""
