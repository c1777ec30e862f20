# PgBouncer, configured by the same variables as edoburu/pgbouncer, as far as this stack uses them.
FROM longshore-debian-13
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
 && apt-get install -y --no-install-recommends pgbouncer \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && install -d -o postgres -g postgres /etc/pgbouncer
COPY pgbouncer-entrypoint /entrypoint.sh
USER postgres
EXPOSE 5432
ENTRYPOINT ["/entrypoint.sh"]
CMD ["/usr/sbin/pgbouncer", "/etc/pgbouncer/pgbouncer.ini"]
