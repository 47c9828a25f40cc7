# Two images, because the two sides' pins exclude each other: docker build --target airflow | emulator
FROM python:3.13-slim AS base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
# State lives in a volume that takes over this folder's owner.
RUN useradd --create-home --uid 50000 vitrine && install -d -o vitrine /opt/vitrine/.local
WORKDIR /opt/vitrine

FROM base AS airflow
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY config config
COPY scripts scripts
COPY dags dags
COPY plugins plugins
COPY include include
USER vitrine
ENTRYPOINT ["airflow"]

FROM base AS emulator
COPY emulator/requirements.txt emulator/
RUN pip install -r emulator/requirements.txt
COPY emulator/bqml_emulator emulator/bqml_emulator
ENV PYTHONPATH=/opt/vitrine/emulator
# Google's analyzer is compiled here, not at each start
ENV XDG_CACHE_HOME=/opt/vitrine/cache
RUN python -m bqml_emulator.analyzer && chmod -R a+rwX /opt/vitrine/cache
USER vitrine
ENTRYPOINT ["python", "-m", "bqml_emulator"]
