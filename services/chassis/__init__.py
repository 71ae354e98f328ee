"""The frame every service is bolted to. No word of the domain may ever be in here."""
