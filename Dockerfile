# Two stages: build with everything, run with the production packages only.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
# tini reaps the children of PID 1; util-linux has prlimit and unshare for the sandbox.
RUN apt-get update && apt-get install -y --no-install-recommends tini util-linux ca-certificates && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --from=build --chown=root:root /app/package.json ./package.json
USER node
ENV NODE_ENV=production VOXD_DATA_DIR=/data
VOLUME /data
EXPOSE 4010
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "dist/node/cli/main.js", "status", "--quick"]
ENTRYPOINT ["/usr/bin/tini", "--", "node", "--enable-source-maps", "dist/node/cli/main.js"]
CMD ["start"]
