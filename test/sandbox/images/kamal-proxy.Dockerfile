FROM longshore-debian-13
COPY kamal-proxy /usr/local/bin/kamal-proxy
RUN useradd --uid 1000 --create-home kamal-proxy \
 && mkdir -p /home/kamal-proxy/.config/kamal-proxy && chown -R kamal-proxy:kamal-proxy /home/kamal-proxy
LABEL org.opencontainers.image.title=kamal-proxy
EXPOSE 80 443
USER kamal-proxy:kamal-proxy
CMD ["kamal-proxy", "run"]
