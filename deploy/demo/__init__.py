"""The stories: invented people, a real broker and database, agencies played from outside."""
