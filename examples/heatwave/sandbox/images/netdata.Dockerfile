# Netdata, laid out as the official image.
FROM longshore-debian-12
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
 && apt-get install -y --no-install-recommends netdata-core netdata-web \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
VOLUME ["/etc/netdata", "/var/lib/netdata", "/var/cache/netdata"]
EXPOSE 19999
ENTRYPOINT ["/usr/sbin/netdata", "-D", "-i", "0.0.0.0"]
