"""Dashboards without Docker: a bridge for spans, a page of numbers, Zipkin; and Grafana's files."""
