"""Forward-only migrations of referral's schema."""
