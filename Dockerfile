# The server of one shop: docker compose up. See docs/guides/container.md.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /source
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY galen ./galen
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON} AS install
ARG TORCH=2.13.0+cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=""
COPY requirements.lock /
COPY --from=build /wheels /wheels
RUN python -m venv /galen \
 && /galen/bin/pip install --no-cache-dir -c /requirements.lock "torch==${TORCH}" \
    --extra-index-url "${TORCH_INDEX}" \
 && /galen/bin/pip install --no-cache-dir -c /requirements.lock "$(ls /wheels/*.whl)${EXTRAS}"

FROM python:${PYTHON} AS serve
# LightGBM reads OpenMP from the system.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home galen \
 && install -d -o galen -g galen /shop /bundle /log
COPY --from=install /galen /galen
ENV PATH=/galen/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    GALEN_SERVE_HOST=0.0.0.0 \
    GALEN_SERVE_PORT=8000 \
    GALEN_SERVE_FOLDER=/log
USER galen
EXPOSE 8000
VOLUME ["/log"]
HEALTHCHECK --interval=15s --timeout=3s --start-period=120s --retries=4 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["galen"]
CMD ["serve", "/shop", "/bundle", "--settings", "/settings/galen.toml"]
