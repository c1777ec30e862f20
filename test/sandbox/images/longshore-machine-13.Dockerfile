FROM longshore-machine-bare
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
 && apt-get install -y --no-install-recommends docker.io docker-cli \
 && rm -f /usr/sbin/policy-rc.d
RUN usermod -aG docker deploy
