"""The same stack in containers: its secrets, its one-shot jobs, and how the demo finds it."""
