"""What referral decides, by table and by property."""
