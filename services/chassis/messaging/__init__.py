"""Messages between services: never lost, never twice, in order. No word of the domain is here."""
