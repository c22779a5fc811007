# Builds with everything, ships with what runs: no compiler, no shell is needed, no root, no write outside /data.
# A tag may come to mean another image: build with the digest of the one that you have looked at (docs/deployment.md).
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
# Node.js needs it; whether the image has it, its maker decides.
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the scripts of the package: what they build from comes next.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.client.json ./
COPY scripts/build.ts scripts/build-portal.ts scripts/
COPY src src
COPY portal portal
RUN npm run build && npm run build:portal && npm prune --ignore-scripts --omit=dev --omit=optional

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    STRONGROOM_LISTEN=0.0.0.0:4600 \
    STRONGROOM_DATA_DIR=/data
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
RUN install -d -o node -g node -m 0700 /data
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/portal/dist portal/dist
COPY package.json LICENSE ./
USER node
VOLUME /data
EXPOSE 4600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4600/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-sigusr1", "--disable-proto=delete", "--max-semi-space-size=8", "dist/main.js"]
CMD ["serve"]
