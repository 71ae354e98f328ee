"""The `nrm` command: one file per group of subcommands. Decides nothing that a service decides."""
