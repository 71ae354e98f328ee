"""The only place where what the gateway knows becomes an event, field by field."""
