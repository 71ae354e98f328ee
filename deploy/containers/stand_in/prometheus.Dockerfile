# Stands in for the prom/prometheus image: its programs without the pages and without any service
# discovery but files; BusyBox' wget, as there. Build context: the folder of the programs.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends busybox \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s /bin/busybox /usr/local/bin/wget \
 && mkdir -p /etc/prometheus /prometheus \
 && chown 65534:65534 /prometheus
COPY prometheus promtool /bin/
USER 65534
WORKDIR /prometheus
VOLUME ["/prometheus"]
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
