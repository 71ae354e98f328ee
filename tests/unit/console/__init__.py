"""The pages for people, on a bench."""
