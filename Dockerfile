# Two images: docker build --target airflow | emulator

FROM python:3.13-slim AS wheel
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY plugins plugins
COPY include/sql include/sql
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

# Airflow's own image and entrypoint: it runs with Compose and with the official chart, as any uid in the group root. It
# has Google's provider, PostgreSQL's drivers, and what Celery, Kubernetes, OpenLineage and StatsD need.
FROM apache/airflow:3.3.2-python3.13 AS airflow
COPY --from=wheel /wheels /wheels
# Airflow is named so that it stays as it is; the constraints are those that its image was built with.
RUN pip install --no-cache-dir --constraint "${HOME}/constraints.txt" "apache-airflow==${AIRFLOW_VERSION}" /wheels/*.whl
COPY --chown=root:0 --chmod=0555 dags /opt/airflow/dags
# Airflow's triggers and an emulator: does nothing where BIGQUERY_EMULATOR_HOST is not set.
COPY --chown=root:0 --chmod=0444 config/airflow_local_settings.py /opt/airflow/config/airflow_local_settings.py
# Mount yours there; the one that comes with the project takes everything from VITRINE_ variables.
COPY --chown=root:0 --chmod=0444 include/collections.yaml /opt/airflow/config/collections.yaml
ENV VITRINE_COLLECTIONS=/opt/airflow/config/collections.yaml
# What runs cannot change what runs next.
USER root
RUN packages="$(python -c 'import vitrine, pathlib; print(pathlib.Path(vitrine.__file__).parents[1])')" && \
    chown -R root:0 "${packages}"/vitrine "${packages}"/vitrine_plugin.py /opt/airflow/dags /opt/airflow/config && \
    chmod -R a-w "${packages}"/vitrine "${packages}"/vitrine_plugin.py /opt/airflow/dags /opt/airflow/config
USER airflow

FROM python:3.13-slim AS emulator
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
# State lives in a volume that takes over this folder's owner.
RUN useradd --create-home --uid 50000 vitrine && install -d -o vitrine /opt/vitrine/.local
WORKDIR /opt/vitrine
COPY emulator/requirements.txt emulator/
RUN pip install --require-hashes -r emulator/requirements.txt
COPY emulator/bqml_emulator emulator/bqml_emulator
ENV PYTHONPATH=/opt/vitrine/emulator
# Google's analyzer is compiled here, not at each start
ENV XDG_CACHE_HOME=/opt/vitrine/cache
RUN python -m bqml_emulator.analyzer && chmod -R a+rwX /opt/vitrine/cache
USER vitrine
ENTRYPOINT ["python", "-m", "bqml_emulator"]
