# PostgreSQL 15 that is started, stopped and configured as the official image is. SUITE is where its packages come from:
# bookworm, or bookworm-security, which has a later build.
FROM longshore-debian-12
ARG SUITE=bookworm
ARG DEBIAN_FRONTEND=noninteractive
RUN groupadd --system --gid 999 postgres \
 && useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --create-home --shell /bin/bash postgres
RUN if [ "$SUITE" != bookworm ]; then echo "deb http://deb.debian.org/debian-security $SUITE main" >>/etc/apt/sources.list; fi \
 && apt-get update \
 && apt-get install -y --no-install-recommends gosu postgresql-common \
 && sed -i 's/^#create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends postgresql-15 \
 # Just-in-time compilation, 110 MB of it, is off in postgresql.conf.
 && rm -rf /usr/lib/x86_64-linux-gnu/libLLVM* /usr/lib/postgresql/15/lib/bitcode \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && install -d -o postgres -g postgres -m 2775 /var/run/postgresql \
 && install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data \
 && mkdir /docker-entrypoint-initdb.d
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 PG_MAJOR=15 PGDATA=/var/lib/postgresql/data
COPY postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
RUN ln -s docker-entrypoint.sh /usr/local/bin/docker-ensure-initdb.sh
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
