"""Load, allow, decide, record, disclose. Reading about a person is an act and is recorded."""
