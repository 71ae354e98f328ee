"""What assistance remembers. Only this room speaks SQL; only handlers open it."""
