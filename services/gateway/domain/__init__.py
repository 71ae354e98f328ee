"""What the gateway decides: facts in, facts and objections out. No I/O, clock or chance."""
