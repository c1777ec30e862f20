# Listens where something would that cannot be had offline, and says so: NAME, and its PORTS.
FROM registry.test:5000/node:20
ARG NAME
ARG PORTS
ENV NAME=$NAME PORTS=$PORTS
COPY stand-in.js /stand-in.js
USER node
ENTRYPOINT ["/bin/sh", "-c", "exec node /stand-in.js \"$NAME\" $PORTS", "stand-in"]
