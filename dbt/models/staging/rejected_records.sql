{# A hash index: a rejected client_id may be of any length #}
{{ config(materialized='table', indexes=[{'columns': ['client_id'], 'type': 'hash'}]) }}

with

event_records as (

    select * from {{ ref('stg_event_records') }}

),

raw_events as (

    select * from {{ source('raw', 'events') }}

),

event_duplicates as (

    select * from {{ ref('stg_event_duplicates') }}

),

client_records as (

    select * from {{ ref('stg_client_records') }}

),

clients as (

    select * from {{ ref('stg_clients') }}

),

rejected_events as (

    select
        source_file,
        record_number,
        rejection_reason,
        'event' as entity,
        client_id,
        raw_fields,
        raw_record
    from event_records
    where rejection_reason is not null

),

duplicates as (

    select
        event_duplicates.source_file,
        event_duplicates.record_number,
        'duplicate' as rejection_reason,
        'event' as entity,
        event_duplicates.client_id,
        to_jsonb(raw_events) - array['source_file', 'record_number', 'raw_record'] as raw_fields,
        null::bytea as raw_record
    from event_duplicates
    left join raw_events
        on
            event_duplicates.source_file = raw_events.source_file
            and event_duplicates.record_number = raw_events.record_number

),

rejected_clients as (

    select
        source_file,
        record_number,
        rejection_reason,
        'client' as entity,
        client_id,
        raw_fields,
        raw_record
    from client_records
    where rejection_reason is not null

),

superseded as (

    select
        client_records.source_file,
        client_records.record_number,
        'superseded' as rejection_reason,
        'client' as entity,
        client_records.client_id,
        client_records.raw_fields,
        null::bytea as raw_record
    from client_records
    inner join clients
        on client_records.client_id = clients.client_id
    where
        client_records.rejection_reason is null
        and (client_records.source_file, client_records.record_number) != (clients.source_file, clients.record_number)

),

rejected as (

    select * from rejected_events
    union all
    select * from duplicates
    union all
    select * from rejected_clients
    union all
    select * from superseded

)

select * from rejected
