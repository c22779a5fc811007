# Builds with everything, ships what runs and nothing else: no shell, no package manager, no root, no write outside /data.
# A tag may come to mean another image: build with the digest of the one that you have looked at (docs/deployment.md).
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
# Node.js needs libatomic1; whether the image has it, its maker decides. binutils has strip.
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 binutils && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the scripts of the package: what they build from comes next.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.client.json ./
COPY scripts/build.ts scripts/built.ts scripts/build-portal.ts scripts/docs-pages.ts scripts/docs-slug.ts scripts/
COPY src src
COPY portal portal
# The portal serves the documents.
COPY docs docs
RUN npm run build && npm run build:portal && npm prune --ignore-scripts --omit=dev --omit=optional
# The root file system: Node.js with the libraries that it is linked to, a user, and a folder that is theirs.
COPY scripts/image-root.sh scripts/
RUN sh scripts/image-root.sh /image

FROM scratch
COPY --from=build /image/root/ /
COPY --from=build --chown=1000:1000 /image/owned/ /
# One heap of the C library for all threads takes a fifth less memory under load.
ENV PATH=/usr/local/bin \
    NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    STRONGROOM_LISTEN=0.0.0.0:4600 \
    STRONGROOM_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/portal/dist portal/dist
COPY package.json LICENSE ./
USER 1000:1000
VOLUME /data
EXPOSE 4600
STOPSIGNAL SIGTERM
# As the settings say, TLS and Unix sockets included. Podman keeps it with --format docker (docs/deployment.md).
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s CMD ["node", "dist/main.js", "health"]
ENTRYPOINT ["node", "--disable-sigusr1", "--disable-proto=delete", "--max-semi-space-size=8", "dist/main.js"]
CMD ["serve"]
