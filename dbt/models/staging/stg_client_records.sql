{{
    config(
        materialized='incremental',
        incremental_strategy='changed_files',
        meta={
            'source_table': 'clients',
            'time_column': none,
            'valid_records_index': 'client_id',
            'content_columns': ['rejection_reason', 'raw_fields', 'raw_record'],
        },
        indexes=[{'columns': ['source_file', 'record_number'], 'type': 'brin'}],
    )
}}

with

source as (

    select clients.*
    from {{ source('raw', 'clients') }} as clients
    {% if is_incremental() %}
    where clients.source_file in ({{ changed_files('clients') }})
    {% endif %}

),

trimmed as (

    select
        source_file,
        record_number,
        raw_record,
        case
            when raw_record is null
                then to_jsonb(source) - array['source_file', 'record_number', 'raw_record']
        end as raw_fields,
        {{ clean_text('client_id') }} as client_id,
        {{ clean_text('registration_date') }} as registration_date_text,
        {{ clean_text('cohort') }} as cohort,
        {{ clean_lower('customer_segment') }} as customer_segment
    from source
    offset 0

),

judged as (

    select
        source_file,
        record_number,
        client_id,
        {{ clean_date('registration_date_text') }} as registration_date,
        cohort,
        customer_segment,
        case
            when raw_record is not null then 'malformed_record'
            when client_id is null then 'missing_client_id'
            when length(client_id) > 255 then 'malformed_client_id'
        end as rejection_reason,
        raw_fields,
        raw_record
    from trimmed

)

select * from judged
