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

),

-- Used more than once, a CTE would be materialized and its index out of reach
touchpoints as not materialized (

    select * from {{ ref('int_touchpoints') }}

),

events as not materialized (

    select * from {{ ref('stg_events') }}

),

-- Two bounded probes of the index on touchpoints for each purchase: what a client's other touches cost is nothing
probed as (

    select
        purchases.purchase_id,
        purchases.client_id,
        purchases.purchase_time,
        purchases.revenue,
        first_touch.touch_id as first_touch_id,
        first_touch.touch_time as first_touch_time,
        first_touch.channel as first_touch_channel,
        last_touch.touch_id as last_touch_id,
        last_touch.touch_time as last_touch_time,
        last_touch.channel as last_touch_channel
    from purchases
    left join lateral (
        select
            touchpoints.touch_id,
            touchpoints.touch_time,
            touchpoints.channel
        from touchpoints
        where
            touchpoints.client_id = purchases.client_id
            and touchpoints.touch_time >= purchases.purchase_time - {{ attribution_window() }}
            and touchpoints.touch_time <= purchases.purchase_time
            and touchpoints.touch_id != purchases.purchase_id
        order by touchpoints.touch_time, touchpoints.source_file collate "C", touchpoints.record_number
        limit 1
    ) as first_touch on true
    left join lateral (
        select
            touchpoints.touch_id,
            touchpoints.touch_time,
            touchpoints.channel
        from touchpoints
        where
            touchpoints.client_id = purchases.client_id
            and touchpoints.touch_time >= purchases.purchase_time - {{ attribution_window() }}
            and touchpoints.touch_time <= purchases.purchase_time
            and touchpoints.touch_id != purchases.purchase_id
        order by touchpoints.touch_time desc, touchpoints.source_file collate "C" desc, touchpoints.record_number desc
        limit 1
    ) as last_touch on true

),

explained as (

    select
        probed.*,
        case
            when probed.first_touch_id is not null then 'marketing_touch'
            when
                exists (
                    select 1
                    from events
                    where
                        events.client_id = probed.client_id
                        and events.event_type in {{ touchpoint_event_types() }}
                        and events.event_time >= probed.purchase_time - {{ attribution_window() }}
                        and events.event_time <= probed.purchase_time
                        and events.event_id != probed.purchase_id
                )
                then 'direct_visit'
            when
                exists (
                    select 1
                    from touchpoints
                    where
                        touchpoints.client_id = probed.client_id
                        and touchpoints.touch_time < probed.purchase_time - {{ attribution_window() }}
                )
                then 'outside_window'
            else 'no_touch'
        end as attribution_basis
    from probed

)

select * from explained
