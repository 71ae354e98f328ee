"""The stories: invented people, real broker and database, every agency's system played from outside."""
