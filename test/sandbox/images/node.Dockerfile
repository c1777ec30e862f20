FROM longshore-debian-13
COPY node /usr/local/bin/node
# Fails here, not in a deploy, when the binary misses a library.
RUN useradd --uid 1000 --create-home node && node --version
CMD ["node"]
