FROM longshore-debian-13
RUN apt-get update && apt-get install -y --no-install-recommends docker-registry \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
# bcrypt of registry-s3cret
RUN echo 'deployer:$2y$05$longshoresandboxregiseM4tjLYgNKMwDSO3PQE0E4qT7/KRUflC' > /etc/docker/registry/htpasswd
ENV REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/var/lib/registry \
    REGISTRY_STORAGE_DELETE_ENABLED=true \
    REGISTRY_HTTP_ADDR=:5000 \
    REGISTRY_AUTH=htpasswd \
    REGISTRY_AUTH_HTPASSWD_REALM=sandbox \
    REGISTRY_AUTH_HTPASSWD_PATH=/etc/docker/registry/htpasswd
VOLUME /var/lib/registry
CMD ["docker-registry", "serve", "/etc/docker/registry/config.yml"]
