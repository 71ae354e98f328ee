"""The `nrm` commands of an operator, on the whole house."""
