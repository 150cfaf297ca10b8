{{
    config(
        materialized='incremental',
        incremental_strategy='changed_files',
        meta={
            'source_table': 'events',
            'time_column': 'event_time',
            'valid_records_index': 'client_id, event_time',
            'content_columns': ['event_id', 'rejection_reason', 'raw_fields', 'raw_record'],
        },
        indexes=[{'columns': ['source_file', 'record_number'], 'type': 'brin'}],
    )
}}

with

source as (

    select events.*
    from {{ source('raw', 'events') }} as events
    {% if is_incremental() %}
    where events.source_file in ({{ changed_files('events') }})
    {% endif %}

),

-- `offset 0` keeps the planner from writing an expression out again wherever it is used: each field is cleaned once
trimmed as (

    select
        source_file,
        record_number,
        raw_record,
        source as raw_event,
        {{ clean_text('client_id') }} as client_id,
        {{ clean_lower('event_type') }} as event_type,
        {{ clean_text('event_time') }} as event_time_text,
        {{ clean_text('session_id') }} as session_id,
        {{ clean_channel('channel') }} as channel,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('utm_source') }} as utm_source,
        {{ clean_text('utm_medium') }} as utm_medium,
        {{ clean_text('page_url') }} as page_url,
        {{ clean_text('referrer_url') }} as referrer_url,
        {{ clean_text('revenue') }} as revenue_text,
        {{ clean_text('product_id') }} as product_id,
        {{ clean_text('product_category') }} as product_category
    from source
    offset 0

),

cleaned as (

    select
        *,
        {{ clean_event_time('event_time_text') }} as event_time,
        case when event_type = 'purchase' then {{ clean_revenue('revenue_text') }} end as revenue
    from trimmed
    offset 0

),

judged as (

    select
        *,
        case
            when raw_record is not null then 'malformed_record'
            when client_id is null then 'missing_client_id'
            when length(client_id) > 255 then 'malformed_client_id'
            when event_type is null or event_type not in ('page_view', 'purchase') then 'unknown_event_type'
            when event_time_text is null then 'missing_event_time'
            when event_time is null or event_time not between '1970-01-01' and '2100-12-31 23:59:59.999999'
                then 'malformed_event_time'
            when length(channel) > 255 then 'malformed_channel'
            when event_type = 'purchase' and revenue_text is null then 'missing_revenue'
            when event_type = 'purchase' and revenue is null then 'malformed_revenue'
            when revenue < 0 then 'negative_revenue'
        end as rejection_reason
    from cleaned
    offset 0

),

identified as (

    select
        source_file,
        record_number,
        case
            when rejection_reason is null
                then {{ event_id([
                    'client_id', 'event_type', epoch_microseconds('event_time'), 'session_id', 'channel', 'campaign_id',
                    'utm_source', 'utm_medium', 'page_url', 'referrer_url', 'revenue', 'product_id', 'product_category'
                ]) }}
        end as event_id,
        client_id,
        event_type,
        event_time,
        session_id,
        channel,
        campaign_id,
        utm_source,
        utm_medium,
        page_url,
        referrer_url,
        case when rejection_reason is null then revenue end::numeric(18, 4) as revenue,
        product_id,
        product_category,
        rejection_reason,
        case
            when rejection_reason is not null and raw_record is null
                then to_jsonb(raw_event) - array['source_file', 'record_number', 'raw_record']
        end as raw_fields,
        raw_record
    from judged

)

select * from identified
