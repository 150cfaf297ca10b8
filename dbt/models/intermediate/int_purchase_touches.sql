{{
    config(
        materialized='incremental',
        incremental_strategy='affected_clients',
        meta={'time_column': 'purchase_time'},
        indexes=[{'columns': ['client_id', 'purchase_time']}],
    )
}}

with

purchases as (

    select purchases.*
    from {{ ref('int_purchases') }} as purchases
    {{ only_affected('purchases', 'purchase_time') }}
    where {{ 'true' if var('multi_touch_models') else 'false' }}

),

touchpoints as (

    select * from {{ ref('int_touchpoints') }}

),

purchase_touches as (

    select
        purchases.purchase_id,
        purchases.client_id,
        purchases.purchase_time,
        purchases.revenue,
        touchpoints.touch_id,
        touchpoints.touch_time,
        touchpoints.channel,
        row_number() over (
            partition by purchases.purchase_id
            order by touchpoints.touch_time, touchpoints.source_file collate "C", touchpoints.record_number
        )::integer as touch_position
    from purchases
    inner join touchpoints
        on
            purchases.client_id = touchpoints.client_id
            and touchpoints.touch_time >= purchases.purchase_time - {{ attribution_window() }}
            and purchases.purchase_time >= touchpoints.touch_time
            and purchases.purchase_id != touchpoints.touch_id

)

select * from purchase_touches
