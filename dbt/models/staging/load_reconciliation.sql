{{ config(materialized='table') }}

with

source_files as (

    select
        source_file,
        entity,
        record_count
    from {{ source('raw', 'source_files') }}
    where not removed

),

events as (

    select source_file from {{ ref('stg_events') }}

),

clients as (

    select source_file from {{ ref('stg_clients') }}

),

rejected as (

    select source_file from {{ ref('rejected_records') }}

),

staged_counts as (

    select
        source_file,
        count(*) as records_staged
    from events
    group by source_file
    union all
    select
        source_file,
        count(*) as records_staged
    from clients
    group by source_file

),

rejected_counts as (

    select
        source_file,
        count(*) as records_rejected
    from rejected
    group by source_file

),

-- A full join: records of a file that the load does not know must show as well
reconciled as (

    select
        source_file,
        source_files.entity,
        coalesce(source_files.record_count, 0) as records_read,
        coalesce(staged_counts.records_staged, 0) as records_staged,
        coalesce(rejected_counts.records_rejected, 0) as records_rejected
    from source_files
    full outer join staged_counts using (source_file)
    full outer join rejected_counts using (source_file)

)

select * from reconciled
