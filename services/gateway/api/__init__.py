"""The gateway's routes. No answer and no error may echo what was sent."""
