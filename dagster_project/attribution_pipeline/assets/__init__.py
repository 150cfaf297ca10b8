"""Assets: the load and the dbt models."""

import warnings

import dagster as dg

# Code references are beta in this release of Dagster; it is pinned, so their changes cannot surprise anybody
warnings.filterwarnings("ignore", category=dg.BetaWarning)
