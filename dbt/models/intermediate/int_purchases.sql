{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'purchase_time'},
        indexes=[{'columns': ['client_id', 'purchase_time']}],
    )
}}

with

events as (

    select events.*
    from {{ ref('stg_events') }} as events
    {{ only_affected('events', 'event_time') }}

),

purchases as (

    select
        event_id as purchase_id,
        client_id,
        event_time as purchase_time,
        revenue,
        session_id,
        product_id,
        product_category,
        source_file,
        record_number
    from events
    where event_type = 'purchase'

)

select * from purchases
