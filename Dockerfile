# Two images from one build: `docker build --target control .` and `docker build --target gate .`
# Both run as a user without rights, on a read-only root, and keep what they must keep under /data.
# A third, `--target redirect`, is the init container of transparent mode: it loads kernel rules as root, and ends.

FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/vienna \
    && /opt/vienna/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY policies policies
COPY control control
COPY proxy proxy
RUN /opt/vienna/bin/pip install --no-cache-dir --no-deps --no-index --no-build-isolation . ./proxy/vienna_client \
    && /opt/vienna/bin/pip uninstall --yes hatchling trove-classifiers pathspec pluggy pip

FROM python:3.13-slim AS runtime
RUN useradd --uid 1337 --no-create-home --home-dir /data --shell /usr/sbin/nologin vienna \
    && install -d -m 0700 -o vienna -g vienna /data
COPY --from=build /opt/vienna /opt/vienna
ENV PATH=/opt/vienna/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VIENNA_ENV=prod
WORKDIR /data
USER 1337:1337
VOLUME /data

FROM runtime AS redirect
USER 0:0
RUN apt-get update && apt-get install --yes --no-install-recommends nftables && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["python", "-m", "vienna_proxy.redirect"]
CMD ["apply"]

FROM runtime AS control
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health', timeout=2)"]
ENTRYPOINT ["python", "-m", "vienna_control"]
CMD ["--json", "--listen", "0.0.0.0:8080", "--data-dir", "/data"]

FROM runtime AS gate
EXPOSE 8888
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8888), 2).close()"]
ENTRYPOINT ["python", "-m", "vienna_proxy"]
CMD ["--json", "--listen", "0.0.0.0:8888", "--state-dir", "/data", "-c", "/etc/vienna/vienna.yaml"]
