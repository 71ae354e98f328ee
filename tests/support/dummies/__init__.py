"""Services without a domain that answer only how they are: stand-ins to try the stack with."""
