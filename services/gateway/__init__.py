"""The node's one door and its safe. What can leave this agency can be audited here."""
