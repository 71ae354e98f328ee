"""How the parts are put on machines. Composes services; no rule of the domain."""
