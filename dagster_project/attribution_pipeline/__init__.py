"""The Dagster project of Attribution Workbench: raw marketing events to attribution marts."""
