# Stands in for the apache/kafka image: the same jars that the embedded stack runs, Debian's Java.
# Build context: the folder of the jars (.nrm/parts/kafka-<version>), made ready by stand_in.sh.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 appuser \
 && mkdir -p /opt/kafka/config /opt/kafka/logs /var/lib/kafka/data \
 && chown -R appuser /opt/kafka /var/lib/kafka
COPY libs /opt/kafka/libs
COPY kafka-entry /opt/kafka/entry
USER appuser
VOLUME ["/var/lib/kafka/data"]
CMD ["bash", "/opt/kafka/entry"]
