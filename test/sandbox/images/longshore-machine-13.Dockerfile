FROM longshore-machine-bare
ARG DEBIAN_FRONTEND=noninteractive
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d \
 && apt-get install -y --no-install-recommends docker.io docker-cli \
 && usermod -aG docker deploy \
 && printf '#!/bin/sh\nexit 0\n' > /usr/sbin/policy-rc.d
