{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'purchase_time'},
        indexes=[
            {'columns': ['purchase_id']},
            {'columns': ['client_id', 'purchase_time']},
        ],
    )
}}

with

purchases as (

    select purchases.*
    from {{ ref('int_purchase_attribution') }} as purchases
    {{ only_affected('purchases', 'purchase_time') }}

),

attributed as (

    select
        client_id,
        purchase_time,
        coalesce(last_touch_channel, 'direct') as attributed_channel,
        revenue as attributed_revenue,
        last_touch_time,
        {{ days_to_conversion('last_touch_time', 'purchase_time') }} as days_to_conversion,
        attribution_basis,
        purchase_id,
        last_touch_id as touch_id
    from purchases

)

select * from attributed
