{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'event_time'},
        indexes=[{'columns': ['client_id', 'event_time']}],
    )
}}

with

records as (

    select
        records.client_id,
        records.event_time,
        records.event_id,
        records.source_file,
        records.record_number
    from {{ ref('stg_event_records') }} as records
    {{ only_affected('records', 'event_time') }}
    where records.rejection_reason is null

),

-- Few events are repeated: finding them first spares sorting all the others
repeated as (

    select event_id
    from records
    group by event_id
    having count(*) > 1

),

numbered as (

    select
        records.*,
        row_number() over (
            partition by records.event_id
            order by records.source_file collate "C", records.record_number
        ) as occurrence
    from records
    inner join repeated
        on records.event_id = repeated.event_id

),

duplicates as (

    select
        client_id,
        event_time,
        event_id,
        source_file,
        record_number
    from numbered
    where occurrence > 1

)

select * from duplicates
