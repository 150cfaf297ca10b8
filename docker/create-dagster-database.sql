-- Runs once, when the data volume is new.
create database dagster;
