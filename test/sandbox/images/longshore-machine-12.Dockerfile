FROM longshore-debian-12
ENV DEBIAN_FRONTEND=noninteractive
# While an image is built nothing is started; a machine has no such policy.
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
 && rm -f /etc/apt/apt.conf.d/docker-* \
 && apt-get update \
 && apt-get install -y --no-install-recommends openssh-server sudo curl ca-certificates iptables iproute2 procps tini docker.io \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* /usr/sbin/policy-rc.d
RUN useradd --uid 1001 --create-home --shell /bin/bash --groups docker deploy \
 && echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy && chmod 440 /etc/sudoers.d/deploy
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/sbin/machine-start"]
