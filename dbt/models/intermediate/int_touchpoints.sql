{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'touch_time'},
        indexes=[
            {'columns': ['client_id', 'touch_time', 'source_file collate "C"', 'record_number', 'touch_id', 'channel']},
        ],
    )
}}

with

events as (

    select events.*
    from {{ ref('stg_events') }} as events
    {{ only_affected('events', 'event_time') }}

),

touchpoints as (

    select
        event_id as touch_id,
        client_id,
        event_time as touch_time,
        channel,
        session_id,
        campaign_id,
        source_file,
        record_number
    from events
    where
        event_type in {{ touchpoint_event_types() }}
        and channel != 'direct'

)

select * from touchpoints
