"""What referral remembers. Only this room speaks SQL and writes the outbox; handlers open it."""
