{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': none},
        indexes=[{'columns': ['client_id']}],
    )
}}

with

records as (

    select records.*
    from {{ ref('stg_client_records') }} as records
    {{ only_affected('records') }}
    where records.rejection_reason is null

),

latest as (

    select distinct on (client_id)
        client_id,
        registration_date,
        cohort,
        customer_segment,
        source_file,
        record_number
    from records
    order by client_id asc, source_file collate "C" desc, record_number desc

)

select * from latest
