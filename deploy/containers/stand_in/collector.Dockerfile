# Stands in for the contrib image of the OpenTelemetry collector: the same version, with only the
# parts that deploy/containers/collector.yaml names. The real one holds nothing but its program.
# Build context: the folder of the programs (.nrm/stand-in/observe), made ready by stand_in.sh.
FROM debian:bookworm-slim
COPY otelcol-contrib /otelcol-contrib
USER 10001
ENTRYPOINT ["/otelcol-contrib"]
CMD ["--config", "/etc/otelcol-contrib/config.yaml"]
