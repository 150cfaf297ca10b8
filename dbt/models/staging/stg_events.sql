{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'event_time'},
        indexes=[
            {'columns': ['event_id']},
            {'columns': ['client_id', 'event_type', 'event_time']},
        ],
    )
}}

with

records as (

    select records.*
    from {{ ref('stg_event_records') }} as records
    {{ only_affected('records', 'event_time') }}
    where records.rejection_reason is null

),

duplicates as (

    select
        source_file,
        record_number
    from {{ ref('stg_event_duplicates') }}

),

events as (

    select
        records.event_id,
        records.client_id,
        records.event_type,
        records.event_time,
        records.session_id,
        records.channel,
        records.campaign_id,
        records.utm_source,
        records.utm_medium,
        records.page_url,
        records.referrer_url,
        records.revenue,
        records.product_id,
        records.product_category,
        records.source_file,
        records.record_number
    from records
    where
        not exists (
            select 1
            from duplicates
            where
                duplicates.source_file = records.source_file
                and duplicates.record_number = records.record_number
        )

)

select * from events
