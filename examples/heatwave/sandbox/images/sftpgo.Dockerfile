# In place of SFTPGo: OpenSSH's own SFTP server on 2022, and a stand-in for its web page on 8080.
FROM registry.test:5000/node:20
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-server \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
 && mkdir -p /run/sshd /srv/sftpgo/data/partner/upload \
 && useradd --home-dir /srv/sftpgo/data/partner --shell /usr/sbin/nologin partner
COPY stand-in.js /stand-in.js
COPY sftpgo-entrypoint /entrypoint
EXPOSE 2022 8080
ENTRYPOINT ["/entrypoint"]
