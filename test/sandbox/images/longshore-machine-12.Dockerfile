FROM longshore-debian-12
ARG DEBIAN_FRONTEND=noninteractive
# While an image is built nothing is started. No init system comes along with a package either.
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
 && printf 'Package: libpam-systemd libpam-elogind systemd-sysv sysvinit-core\nPin: release *\nPin-Priority: -1\n' \
    > /etc/apt/preferences.d/no-init \
 && rm -f /etc/apt/apt.conf.d/docker-*
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-server sudo curl ca-certificates iptables iproute2 procps tini docker.io \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
RUN useradd --uid 1001 --create-home --shell /bin/bash --groups docker deploy \
 && echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy && chmod 440 /etc/sudoers.d/deploy
# Packages find a runlevel and may start their services: what is installed later runs at once, as it does elsewhere.
RUN printf '#!/bin/sh\necho N 2\n' > /usr/sbin/runlevel && chmod +x /usr/sbin/runlevel \
 && printf '#!/bin/sh\nexit 0\n' > /usr/sbin/policy-rc.d
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/sbin/machine-start"]
