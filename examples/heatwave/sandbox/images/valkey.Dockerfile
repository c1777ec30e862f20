# Valkey, laid out as the official image: data in /data, owned by the user it runs as.
FROM longshore-debian-13
ARG DEBIAN_FRONTEND=noninteractive
RUN groupadd --system --gid 999 valkey && useradd --system --uid 999 --gid valkey --home-dir /data valkey \
 && apt-get update \
 && apt-get install -y --no-install-recommends valkey-server gosu \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && install -d -o valkey -g valkey /data
COPY valkey-entrypoint /usr/local/bin/docker-entrypoint.sh
WORKDIR /data
VOLUME /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["valkey-server"]
