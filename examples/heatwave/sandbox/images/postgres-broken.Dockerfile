# An update that went wrong: it writes into the data directory, and only then fails.
FROM registry.test:5000/heatwave/postgres:15-bookworm-security
COPY postgres-broken-entrypoint /usr/local/bin/docker-entrypoint.sh
