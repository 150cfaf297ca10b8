# One image for the code server, Dagster's web server and its daemon: the same code as `npm start` runs.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONUTF8=1
# The version that dagster_project/uv.lock names; a test compares them
RUN pip install --no-cache-dir uv==0.13.9

WORKDIR /app
ENV UV_PROJECT_ENVIRONMENT=/app/.venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
COPY dagster_project/pyproject.toml dagster_project/uv.lock dagster_project/
RUN uv sync --locked --no-dev --no-cache --project dagster_project

COPY dagster_project dagster_project
COPY dbt dbt
COPY data data
COPY stack/profiles.template.yml dbt/profiles.yml
COPY docker/dagster.yaml docker/workspace.yaml dagster_home/

ENV PATH=/app/.venv/bin:$PATH VIRTUAL_ENV=/app/.venv HOME=/app/state
ENV DAGSTER_HOME=/app/dagster_home DBT_PROFILES_DIR=/app/dbt ATTRIBUTION_LOCAL_DIR=/app/state
ENV DBT_SEND_ANONYMOUS_USAGE_STATS=false DO_NOT_TRACK=1

# dbt is parsed here, once: importing the definitions never does. No server is asked, the profile only must be whole.
WORKDIR /app/dagster_project
RUN PGHOST=none PGUSER=none PGPASSWORD=none PGDATABASE=none python -m attribution_pipeline.manifest
RUN mkdir -p /app/state/storage && chown -R 10001:10001 /app/state /app/dbt /app/dagster_home
USER 10001:10001
