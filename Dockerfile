# tradebot in a container, headless. Every step is a make target or what it made, so that what works here works without it.
# Build: docker build -t tradebot .      Run: docker run --rm -v tradebot:/var/lib/tradebot tradebot
FROM rust:1-bookworm AS build
COPY --from=python:3.12-bookworm /usr/local /usr/local
RUN ldconfig
WORKDIR /src
COPY . .
RUN make dist

FROM python:3.12-slim-bookworm
COPY --from=build /src/dist /dist
RUN useradd --system --create-home --home-dir /var/lib/tradebot --shell /usr/sbin/nologin tradebot
RUN /dist/install.sh --prefix /opt/tradebot --bindir /usr/local/bin --without-console --with-ops
USER tradebot
ENV TRADEBOT_HOME=/var/lib/tradebot
VOLUME /var/lib/tradebot
# SIGTERM moves engine-held stops to the broker within ten seconds: give it more than docker's ten.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["tradebot", "status"]
ENTRYPOINT ["tradebot"]
CMD ["run", "--log-format", "json"]
